"""Rows that the CUDA tests pass over, each with its reason. These lists only get shorter."""

LATER = "the GPU library comes later"
# Rows without a kernel on the device.
MISSING = dict.fromkeys("""
    _linalg_lu_factor _linalg_solve _linalg_lu_solve _linalg_permutation _linalg_inv _linalg_det
    _linalg_slogdet _linalg_cholesky _linalg_cholesky_inverse _linalg_cholesky_solve _linalg_solve_triangular
    _linalg_ldl_factor _linalg_ldl_solve _linalg_qr _linalg_geqrf _linalg_householder_product _linalg_ormqr
    _linalg_lstsq _linalg_matrix_exp _linalg_eigh _linalg_eig _linalg_svd
    _nextafter gcd lcm signbit _mantissa _exponent digamma i0 special_i0e special_i1 special_i1e special_erfcx
    special_ndtr special_ndtri special_log_ndtr special_zeta igamma igammac _polygamma _trigamma
    special_airy_ai
    special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 special_modified_bessel_k0
    special_modified_bessel_k1 special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1
    special_spherical_bessel_j0 _special_polynomial view_as_real view_as_complex _complex_of _complex_from
    _fft_c2c _fft_r2c _fft_c2r
    _moments _root_moments _logsumexp _distance _pdist _cross _bmm_sum
    _adaptive_avg_pool2d _adaptive_avg_pool2d_backward _attention _attention_backward _average_windows
    _average_windows_backward _columns _ctc_loss _ctc_loss_backward _from_columns _from_slices grid_sampler
    _bincount _histc _cumsum _cumprod _cumextremum _logcumsumexp scatter_reduce index_reduce _repeat_places _sort
    _sort_values _topk _kthvalue _median _median_of_all _mode _unique _extent _searchsorted
    _grid_sampler_backward _max_windows _max_windows_backward _resample _resample_backward _slices _unpool
""".split(), LATER)
# Operators written with those.
WAITING = dict.fromkeys("""
    det logdet slogdet inverse cholesky cholesky_inverse cholesky_solve qr geqrf orgqr ormqr lu lu_solve
    lu_unpack svd svd_lowrank pca_lowrank pinverse matrix_power matrix_exp triangular_solve
    _linalg_lstsq_value
    polygamma mvlgamma nextafter frexp imag complex polar stft istft
    adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d avg_pool3d col2im conv3d
    conv_transpose3d grid_sampler_2d grid_sampler_3d im2col max_pool3d
    argsort bincount bucketize cdist cummax cummin cumprod cumsum cumulative_trapezoid histc histogram histogramdd isin
    kthvalue logcumsumexp median mode msort nanmedian nanquantile quantile searchsorted sort topk unique
    unique_consecutive aminmax segment_reduce view_as_real_copy view_as_complex_copy
    cross
""".split(), LATER)
WAITING |= dict.fromkeys("hann_window hamming_window blackman_window bartlett_window kaiser_window".split(),
                         "test_windows_on_the_device has them")
WAITING |= dict.fromkeys("tril_indices triu_indices".split(), "test_triangle_indices_on_the_device has them")
WAITING |= dict.fromkeys("hstack vstack dstack column_stack nonzero_static".split(),
                         "test_joined_on_the_device has them")
