# Loops over several strided operands, with casts where a kernel's dtype is not the tensor's.
from libc.stdint cimport int64_t

from ctorch._tensor cimport MAX_DIMS, TensorBase

cdef enum:
    PARALLEL_CHUNK = 16384           # elements of one task at most

cdef enum:
    MAX_OPERANDS = 8
    ANY_STRIDES = -1                 # `Loop.numbers` of a kernel that takes lines as they lie
    EXACT = 1 << 16                  # in it: no input is first rounded to the kernel's dtype
    SECONDS = 1 << 17                # in it: two inputs may both be every second element of memory

# A number that a kernel takes beside its tensors, in every form a kernel may want.
cdef struct Scalar:
    double f
    double im
    int64_t i

# Operand 0.. are the outputs, then the inputs; strides in bytes; n elements.
ctypedef void (*LoopKernel)(char** data, const int64_t* strides, int64_t n, const Scalar* params) noexcept nogil

cdef struct Operand:
    char* data
    int dtype                        # of the tensor
    int native                       # that the kernel reads or writes
    int64_t strides[MAX_DIMS]        # bytes
    char scalar[16]                  # a single element, cast ahead
    LoopKernel move                  # to or from its buffer; NULL where there is none
    LoopKernel row_move              # the same for short rows, some at a time, which a buffer makes one line of

cdef struct Loop:
    int ndim
    int operands
    int outputs
    int numbers                      # bit s: the inputs with a bit in s may be single numbers; others are dense lines
    bint buffered                    # some operand goes through a buffer,
    int64_t block                    # so many elements at a time
    int64_t group                    # short rows that are one line for the kernel; 1: each by itself
    int64_t numel
    int64_t shape[MAX_DIMS]
    LoopKernel kernel
    const Scalar* params
    Operand operand[MAX_OPERANDS]

cdef int loop_init(Loop* loop, int ndim, const int64_t* shape, int outputs, LoopKernel kernel,
                   const Scalar* params) except -1
cdef int loop_add(Loop* loop, TensorBase t, int native) except -1
cdef int loop_run(Loop* loop) except -1
cdef void run_contiguous(LoopKernel kernel, int operands, char** data, const int64_t* strides, int64_t n,
                         const Scalar* params) noexcept nogil
cdef int64_t chunk_of(int64_t n) noexcept nogil
cdef LoopKernel cast_kernel(int to, int frm) except NULL
cdef int copy_strided(Loop* loop, int size) except -1
cdef int copy_data(TensorBase to, TensorBase frm) except -1
