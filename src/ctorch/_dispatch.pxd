# Elementwise operators: dtype rule, shape rule, allocation, the kernel of the device and dtype, and the record.
from cpython.object cimport PyObject
from libc.stdint cimport int64_t

from ctorch._gen.dtypes cimport *
from ctorch._gen.ops cimport *
from ctorch._iterator cimport LoopKernel, Scalar
from ctorch._tape cimport Node
from ctorch._tensor cimport TensorBase

cdef enum:
    MAX_INPUTS = 4
    MAX_PARAMS = 4

cdef enum OutRule:
    OUT_SAME
    OUT_BOOL
    OUT_REAL

cdef enum GradKind:
    GRAD_NONE                        # the result does not depend on it smoothly, or is no number
    GRAD_MISSING                     # backward raises
    GRAD_PASS                        # the incoming gradient itself
    GRAD_OP                          # another elementwise operation

# What a gradient reads, in order: the incoming one, tensors, numbers.
ctypedef object (*Symbolic)(PyObject** values)

cdef struct Elementwise:
    const char* name
    const char* names[MAX_INPUTS + MAX_PARAMS]   # of the inputs, then of the numbers
    int inputs
    int params
    int categories                   # bit per dtype category that has kernels
    bint promote_ints                # integers become the default float dtype
    bint compute_bool                # bool is a dtype of its own here, not an integer
    int out
    int fixed[MAX_INPUTS]            # dtype in which an input is read whatever the others are, or -1
    const char* family
    int grad_kind[MAX_INPUTS]
    int grad_op[MAX_INPUTS]
    int reads[MAX_INPUTS]            # saved tensors that a gradient reads: bit 0 output, bit 1 + k input k
    LoopKernel kernel[DTYPE_COUNT]   # by compute dtype; filled when first needed
    bint flat                        # gradients of gradients are zeros, not missing
    int numbers[DTYPE_COUNT]         # inputs that its kernel takes as numbers, a bit for each set of them
    int sought                       # groups of dtypes whose kernels were looked for, a bit each
    Symbolic symbolic[MAX_INPUTS]    # the gradient by operators on tensors, for graphs of gradients

cdef Elementwise OPS[OP_COUNT]

cdef TensorBase elementwise(int op, int n, PyObject** inputs, const Scalar* params, TensorBase out)
cdef TensorBase elementwise_(int op, int n, PyObject** inputs, const Scalar* params)
cdef TensorBase unary(int op, TensorBase x)
cdef TensorBase binary(int op, TensorBase a, TensorBase b)
cdef TensorBase result_memory(int n, PyObject** inputs, int dtype, int ndim, const int64_t* shape, bint batched=*)
cdef TensorBase as_operand(object x, str op, str arg, int position)
cdef TensorBase number_tensor(object x)
cdef int refuse_bool(Elementwise* op, int n, PyObject** inputs) except -1
cdef TensorBase cast_to(TensorBase x, int dtype)
cdef TensorBase copy_as(TensorBase x, int dtype)
cdef TensorBase contiguous(TensorBase x)
cdef int result_dtype(int n, PyObject** inputs) except -1
cdef int need_fits(int dtype, object number) except -1
cdef object fitting(int dtype, object value, str op)
cdef int leave_base(TensorBase x) except -1
cdef int check_rebase(int n, PyObject** operands) except -1
cdef int check_changeable(TensorBase x, const char* op) except -1
cdef int check_inplace(TensorBase x, const char* op) except -1
cdef int unsupported(const char* op, int dtype) except -1
cdef int refuse_out_dual(TensorBase x, const char* op) except -1
cdef TensorBase write_out(TensorBase out, TensorBase result, str op)
