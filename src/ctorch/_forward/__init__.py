"""Forward functions of the kernel rows: checks, shapes and allocation around the kernels."""
