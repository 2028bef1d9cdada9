"""Rows that the CUDA tests pass over, each with its reason. These lists only get shorter."""

LATER = "the GPU library of factorizations comes later"
# Rows without a kernel on the device.
MISSING = dict.fromkeys("""
    _linalg_lu_factor _linalg_solve _linalg_lu_solve _linalg_permutation _linalg_inv _linalg_det
    _linalg_slogdet _linalg_cholesky _linalg_cholesky_inverse _linalg_cholesky_solve _linalg_solve_triangular
    _linalg_ldl_factor _linalg_ldl_solve _linalg_qr _linalg_geqrf _linalg_householder_product _linalg_ormqr
    _linalg_lstsq _linalg_matrix_exp _linalg_eigh _linalg_eig _linalg_svd _linalg_real _linalg_imag
    _linalg_complex
""".split(), LATER)
# Operators written with those.
WAITING = dict.fromkeys("""
    det logdet slogdet inverse cholesky cholesky_inverse cholesky_solve qr geqrf orgqr ormqr lu lu_solve
    lu_unpack svd svd_lowrank pca_lowrank pinverse matrix_power matrix_exp triangular_solve
    _linalg_lstsq_value
""".split(), LATER)
