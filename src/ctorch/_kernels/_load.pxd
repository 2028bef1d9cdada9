# Finds the kernels that were built for the widest vectors of this CPU.
cdef void* kernel_table(str family) except NULL
