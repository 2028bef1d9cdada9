"""Rows that the CUDA tests pass over, each with its reason. These lists only get shorter."""

LATER = "the GPU library comes later"
# Rows without a kernel on the device.
MISSING = dict.fromkeys("""
    _linalg_lu_factor _linalg_solve _linalg_lu_solve _linalg_permutation _linalg_inv _linalg_det
    _linalg_slogdet _linalg_cholesky _linalg_cholesky_inverse _linalg_cholesky_solve _linalg_solve_triangular
    _linalg_ldl_factor _linalg_ldl_solve _linalg_qr _linalg_geqrf _linalg_householder_product _linalg_ormqr
    _linalg_lstsq _linalg_matrix_exp _linalg_eigh _linalg_eig _linalg_svd _linalg_real _linalg_imag
    _linalg_complex
    _nextafter gcd lcm signbit _mantissa _exponent digamma i0 special_i0e special_i1 special_i1e special_erfcx
    special_ndtr special_ndtri special_log_ndtr special_zeta igamma igammac _polygamma special_airy_ai
    special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 special_modified_bessel_k0
    special_modified_bessel_k1 special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1
    special_spherical_bessel_j0 _special_polynomial view_as_real view_as_complex _complex_of _fft_c2c _fft_r2c _fft_c2r
    _moments _logsumexp _distance
""".split(), LATER)
# Operators written with those.
WAITING = dict.fromkeys("""
    det logdet slogdet inverse cholesky cholesky_inverse cholesky_solve qr geqrf orgqr ormqr lu lu_solve
    lu_unpack svd svd_lowrank pca_lowrank pinverse matrix_power matrix_exp triangular_solve
    _linalg_lstsq_value
    polygamma mvlgamma nextafter frexp imag complex polar stft istft
""".split(), LATER)
WAITING |= dict.fromkeys("hann_window hamming_window blackman_window bartlett_window kaiser_window".split(),
                         "test_windows_on_the_device has them")
