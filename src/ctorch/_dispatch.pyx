"""Elementwise operators: dtype rule, shape rule, allocation, the kernel of the device and dtype, and the record.

The rows of ops/*.toml fill `OPS`; one driver serves them all. The short way, a file of its own, is for inputs of one
dtype and shape that lie contiguous; everything else takes the way through `Loop`.
"""
import warnings

from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.sequence cimport PySequence_Fast_ITEMS
from libc.math cimport fabs
from libc.string cimport memchr, memcpy

from ctorch._accelerator cimport accelerator_elementwise, device_of
from ctorch._batched cimport (Levels, batched_like, common_levels, first_batched, levels_of, memory_of, real_in,
                              real_target, real_tensor)
from ctorch._dtype cimport *
from ctorch._iterator cimport (EXACT, LoopKernel, Loop, Scalar, copy_data, loop_add, loop_init, loop_run,
                               run_contiguous)
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.entries cimport KernelEntry
from ctorch._shape cimport broadcast_into
from ctorch._storage cimport storage_release, storage_retain
from ctorch._tape cimport (VIEW_OF_FUNCTION, Node, differentiable, dual_seen, forward_rule, inplace_name, node_attach,
                           node_edge, node_flat, node_give, node_name, node_needs, node_new, node_save, node_saved,
                           recorded, recording, tape_ops)
from ctorch._tensor cimport *

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject* o) noexcept
    long long PyLong_AsLongLongAndOverflow(object x, int* overflow) except? -1

include "_gen/elementwise.pxi"

cdef set loaded = set()


cdef LoopKernel find_kernel(Elementwise* op, int dtype) except? NULL:
    # The kernel that reads a dtype as it is, loading its module when it is first asked for; NULL where there is none.
    cdef KernelEntry* e
    cdef Elementwise* other
    cdef int group = category_of[dtype] if category_of[dtype] != CATEGORY_BOOL else CATEGORY_INT
    if op.kernel[dtype] != NULL or (op.sought >> group) & 1:
        return op.kernel[dtype]
    if not (op.categories >> group) & 1 and not (op.categories & 1 and group == CATEGORY_INT):
        op.sought |= 1 << group
        return NULL
    family = f"_gen_{op.family.decode()}_{('int', 'int', 'real', 'complex')[group]}"
    if family not in loaded:
        e = <KernelEntry*>kernel_table(family)       # other threads may run meanwhile, and come here too
        while e.kernel != NULL:
            other = &OPS[<int>OP_NUMBERS[e.op]]
            other.kernel[e.dtype] = e.kernel
            other.numbers[e.dtype] = e.numbers
            e += 1
        loaded.add(family)
    op.sought |= 1 << group
    return op.kernel[dtype]


cdef int unsupported(const char* op, int dtype) except -1:
    raise NotImplementedError(f"\"{op.decode()}\" not implemented for '{dtype_title(dtype)}' on device 'cpu'")


# ---- dtypes

cdef int combine(int high, int low) except -2:
    # PyTorch's rule between operands with dimensions, without, and Python numbers: only the category counts.
    if low < 0:
        return high
    if high < 0:
        return low
    if category_of[high] == CATEGORY_COMPLEX:
        return high
    if category_of[high] == CATEGORY_FLOAT:
        return complex_of(high) if category_of[low] == CATEGORY_COMPLEX else high
    if category_of[low] >= CATEGORY_FLOAT:       # of uint16, uint32 and uint64 too
        return low
    if category_of[high] == CATEGORY_BOOL:
        return promote(high, low)
    return high


cdef int result_dtype(int n, PyObject** inputs) except -1:
    cdef int with_dims = -1, without = -1, wrapped = -1, k, d
    cdef TensorBase t
    for k in range(n):
        t = <TensorBase>inputs[k]
        d = t.dtype
        if t.wrapped_number:
            if category_of[d] == CATEGORY_FLOAT:
                d = default_dtype()
            elif category_of[d] == CATEGORY_COMPLEX:
                d = complex_of(default_dtype())
            wrapped = d if wrapped < 0 else promote(wrapped, d)
        elif t.ndim == 0:
            without = d if without < 0 else promote(without, d)
        else:
            with_dims = d if with_dims < 0 else promote(with_dims, d)
    return combine(with_dims, combine(without, wrapped))


cdef object plain_number(object x):
    # A Python number, or NumPy's as Python's; None of anything else.
    if type(x).__module__ == "numpy" and getattr(x, "ndim", 1) == 0:
        x = x.item()
    return x if isinstance(x, (int, float, complex)) else None


cdef TensorBase number_tensor(object x):
    # A Python number as a 0-d tensor that is weak in promotion.
    cdef TensorBase t
    cdef long long whole
    cdef int beyond
    if isinstance(x, bool):
        t = tensor_scalar(BOOL)
        (<unsigned char*>t.data)[0] = x
    elif isinstance(x, int):
        whole = PyLong_AsLongLongAndOverflow(x, &beyond)
        t = tensor_scalar(UINT64 if beyond > 0 else INT64)
        if beyond:
            (<unsigned long long*>t.data)[0] = x
        else:
            (<long long*>t.data)[0] = whole
    elif isinstance(x, float):
        t = tensor_scalar(FLOAT64)
        (<double*>t.data)[0] = x
    elif isinstance(x, complex):
        t = tensor_scalar(COMPLEX128)
        (<double*>t.data)[0] = x.real
        (<double*>t.data)[1] = x.imag
    else:
        x = plain_number(x)
        return None if x is None else number_tensor(x)
    t.wrapped_number = True
    return t


cdef TensorBase as_operand(object x, str op, str arg, int position):
    cdef TensorBase t
    if isinstance(x, TensorBase):
        return <TensorBase>x
    t = number_tensor(x)
    if t is None:
        raise TypeError(f"{op}(): argument '{arg}' (position {position}) must be Tensor, not {type(x).__name__}")
    return t


def common_dtype(operands):
    """The dtype that an operator of these tensors and numbers has."""
    cdef list held = [as_operand(x, "result_type", "tensor", k + 1) for k, x in enumerate(operands)]
    return dtype_object(result_dtype(len(held), PySequence_Fast_ITEMS(held)))


cdef double largest_of(int dtype) noexcept:
    # The largest number of a float dtype, infinity where every double fits.
    if dtype == FLOAT16:
        return 65504
    if dtype == BFLOAT16:
        return 3.3895313892515355e38
    return 3.4028234663852886e38 if dtype == FLOAT32 or dtype == COMPLEX64 else float("inf")


cdef bint holds(int dtype, object number) except -1:
    cdef bint signed = dtype not in (UINT8, UINT16, UINT32, UINT64)
    if category_of[dtype] != CATEGORY_INT:
        return not largest_of(dtype) < abs(number) < float("inf")
    top = (<object>1 << (8 * itemsize_of[dtype] - signed)) - 1      # not of C, whose integers end
    low = -top - 1 if signed else (-top if isinstance(number, int) else 0)
    return low <= number <= top


cdef int need_fits(int dtype, object number) except -1:
    """Raise where a dtype cannot hold a Python number; unsigned dtypes take negative whole ones, which wrap, and floats
    infinities and NaN."""
    cdef bint fits
    cdef int large
    if type(number) is float and category_of[dtype] >= CATEGORY_FLOAT and -65504 <= <double>number <= 65504:
        return 0
    if type(number) is int and 0 <= PyLong_AsLongLongAndOverflow(number, &large) <= 127:
        return 0
    if category_of[dtype] == CATEGORY_BOOL:
        return 0
    if not isinstance(number, complex):
        fits = holds(dtype, number)
    elif category_of[dtype] == CATEGORY_COMPLEX:
        fits = holds(dtype, number.real) and holds(dtype, number.imag)
    else:
        fits = number.imag == 0 and holds(dtype, number.real)
    if not fits:
        raise RuntimeError(f"value cannot be converted to type {dtype_name(dtype).decode()} without overflow")
    return 0


cdef object fitting(int dtype, object value, str op):
    """A number as Python's of the category of a dtype, which can hold it."""
    number = plain_number(value)
    if number is None:
        raise TypeError(f"{op}(): argument 'value' must be Number, not {type(value).__name__}")
    need_fits(dtype, number)
    if category_of[dtype] == CATEGORY_BOOL:
        return bool(number)
    if category_of[dtype] != CATEGORY_COMPLEX and isinstance(number, complex):
        number = number.real
    return int(number) if category_of[dtype] == CATEGORY_INT and isinstance(number, float) else number


cdef int number_sets(Elementwise* op, int dtype, int common, PyObject** inputs) noexcept:
    # The sets of inputs that a kernel takes as numbers. By 0.5 or -0.5 as a number it takes the root, which is no power
    # of -0 and -inf: PyTorch does so for Python's numbers alone, and not in float16.
    cdef TensorBase e
    if op != &OPS[OP_POW]:
        return op.numbers[dtype]
    e = <TensorBase>inputs[1]
    if e.wrapped_number and not (common == FLOAT16 and e.dtype == FLOAT64 and fabs((<double*>e.data)[0]) == 0.5):
        return op.numbers[dtype] & (1 << 2)
    return op.numbers[dtype] & ~(1 << 2)


include "_short_way.pxi"


# ---- the general way

cdef int output_strides(int n, PyObject** inputs, int ndim, const int64_t* shape, int64_t* strides) noexcept:
    # Strides of a new result that follow its inputs' order of dimensions, as PyTorch's iterator chooses them.
    cdef int perm[MAX_DIMS]
    cdef int i, k, a, b, at, c
    cdef int64_t sa, sb, stride = 1
    cdef TensorBase t
    for i in range(ndim):
        perm[i] = ndim - 1 - i
    for i in range(1, ndim):
        b = i
        for a in range(i - 1, -1, -1):
            c = 0
            for k in range(n):
                t = <TensorBase>inputs[k]
                sa = operand_stride(t, perm[a], ndim)
                sb = operand_stride(t, perm[b], ndim)
                if sa == 0 or sb == 0:
                    continue
                if sa != sb:
                    c = -1 if sa < sb else 1
                    break
                if shape[perm[a]] > shape[perm[b]]:
                    c = 1
                    break
            if c > 0:
                at = perm[a]
                perm[a] = perm[b]
                perm[b] = at
                b = a
            elif c < 0:
                break
    for i in range(ndim):
        strides[perm[i]] = stride
        stride *= shape[perm[i]] if shape[perm[i]] > 1 else 1
    return 0


cdef inline int64_t operand_stride(TensorBase t, int d, int ndim) noexcept:
    cdef int own = d - (ndim - t.ndim)
    cdef int64_t s
    if own < 0 or t.shape[own] == 1:
        return 0
    s = t.strides[own]
    return s if s >= 0 else -s


cdef int broadcast_all(int n, PyObject** inputs, int64_t* shape) except -1:
    cdef TensorBase t = <TensorBase>inputs[0]
    cdef int k, ndim = t.ndim
    memcpy(shape, t.shape, ndim * sizeof(int64_t))
    for k in range(1, n):
        t = <TensorBase>inputs[k]
        if ndim == t.ndim and ndim == 0:
            continue
        if ndim < t.ndim:
            ndim = broadcast_grow(ndim, shape, t)
        else:
            ndim = broadcast_into(ndim, shape, t, "")
    return ndim


cdef int broadcast_grow(int ndim, int64_t* shape, TensorBase t) except -1:
    # `t` has more dimensions than the shape so far.
    cdef int64_t grown[MAX_DIMS]
    cdef int i
    for i in range(t.ndim):
        grown[i] = 1 if i < t.ndim - ndim else shape[i - (t.ndim - ndim)]
    memcpy(shape, grown, t.ndim * sizeof(int64_t))
    return broadcast_into(t.ndim, shape, t, "")


cdef struct Plan:
    LoopKernel kernel
    int compute
    int common
    int out_dtype
    int native_out
    int device                       # index of the CUDA device that the inputs are on, or -1
    bint batched                     # they are examples of several, on that device
    int ndim
    int64_t shape[MAX_DIMS]


cdef int make_plan(Elementwise* op, int n, PyObject** inputs, Plan* plan) except -1:
    # Dtypes, kernel and shape of one call.
    cdef PyObject* promoted[MAX_INPUTS]
    cdef int k, m = 0, common
    cdef bint elsewhere = False
    for k in range(n):
        elsewhere = elsewhere or (<TensorBase>inputs[k]).device != DEVICE_CPU
        if op.fixed[k] == -1:
            promoted[m] = inputs[k]
            m += 1
    plan.device, plan.batched = -1, False
    if elsewhere:
        plan.device = device_of(n, inputs, op.name)
        plan.batched = first_batched(n, inputs) is not None
        elsewhere = plan.device >= 0
    common = result_dtype(m, promoted)
    if op.promote_ints and category_of[common] <= CATEGORY_INT:
        common = default_dtype()
    if op == &OPS[OP_SUB] or op == &OPS[OP_NEG]:
        refuse_bool(op, n, inputs)
    elif op == &OPS[OP_POW] and category_of[common] <= CATEGORY_INT:
        refuse_exponent(op, <TensorBase>inputs[1], common)
    elif common == BOOL and op == &OPS[OP_SQUARE]:
        common = INT64                           # PyTorch's square is a power
    if not (op.categories >> category_of[common]) & 1:
        unsupported(op.name, common)
    plan.common = common
    plan.compute = common
    plan.kernel = find_kernel(op, common) if not elsewhere else NULL
    if plan.kernel != NULL and op.numbers[common] & EXACT and not all_of(n, inputs, common):
        plan.kernel = NULL
    if plan.kernel == NULL:
        plan.compute = compute_of[common]
        plan.kernel = find_kernel(op, plan.compute) if not elsewhere else NULL
    if plan.kernel == NULL and not elsewhere:
        unsupported(op.name, common)
    if op.out == OUT_SAME:
        plan.out_dtype, plan.native_out = common, plan.compute
    elif op.out == OUT_BOOL:
        plan.out_dtype = plan.native_out = BOOL
    else:
        plan.out_dtype, plan.native_out = real_of(common), real_of(plan.compute)
    plan.ndim = broadcast_all(n, inputs, plan.shape)
    if zero_checked[op - &OPS[0]] and category_of[common] <= CATEGORY_INT and not elsewhere:
        refuse_zeros(<TensorBase>inputs[1], plan)
    return 0


cdef bint all_of(int n, PyObject** inputs, int dtype) noexcept:
    cdef int k
    for k in range(n):
        if (<TensorBase>inputs[k]).dtype != dtype:
            return False
    return True


cdef int refuse_exponent(Elementwise* op, TensorBase exponent, int dtype) except -1:
    # A number that integers are raised to must not be negative, and must fit; bools take powers by numbers alone.
    if dtype == BOOL and not exponent.wrapped_number:
        unsupported(op.name, dtype)
    if not exponent.wrapped_number or exponent.device != DEVICE_CPU or category_of[exponent.dtype] != CATEGORY_INT:
        return 0
    number = exponent.item()
    if number < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return need_fits(dtype, number)


cdef int refuse_bool(Elementwise* op, int n, PyObject** inputs) except -1:
    # Differences and negatives of bool are refused, with the operator that was probably meant.
    cdef int k, found = 0
    for k in range(n):
        found += (<TensorBase>inputs[k]).dtype == BOOL
    if found == 0:
        return 0
    if n == 2 and found == 2:
        raise RuntimeError("Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                           "`logical_xor()` operator instead.")
    raise RuntimeError(f"{'Negation' if n == 1 else 'Subtraction'}, the `-` operator, {'on' if n == 1 else 'with'} a "
                       "bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
                       "`logical_not()` operator instead.")


cdef int refuse_zeros(TensorBase divisor, Plan* plan) except -1:
    # An integer division by zero would end the process: what counts is the divisor as the kernel reads it, where it
    # reads any.
    cdef TensorBase nonzero
    cdef int i
    for i in range(plan.ndim):
        if plan.shape[i] == 0:
            return 0
    nonzero = contiguous(real_tensor(cast_to(cast_to(divisor, plan.common), BOOL)))
    if nonzero.numel and memchr(nonzero.data, 0, nonzero.numel) != NULL:
        raise RuntimeError("ZeroDivisionError")
    return 0


cdef int run_plan(Elementwise* op, Plan* plan, int n, PyObject** inputs, const Scalar* params,
                  TensorBase out) except -1:
    cdef Loop loop
    cdef list held = None            # numbers in the dtype of the result, where the kernel calculates in a wider one
    cdef bint narrow = plan.compute != plan.common and category_of[plan.common] == CATEGORY_INT
    cdef TensorBase x
    cdef int k
    if plan.batched:
        return run_batched(op, plan, n, inputs, params, out)
    if plan.device >= 0:
        return accelerator_elementwise(op - &OPS[0], plan.common, out, n, inputs, params_tuple(op, params))
    if op == &OPS[OP_CLONE] and out.dtype == (<TensorBase>inputs[0]).dtype:
        return copy_data(out, <TensorBase>inputs[0])
    loop_init(&loop, plan.ndim, plan.shape, 1, plan.kernel, params)
    loop.numbers = number_sets(op, plan.compute, plan.common, inputs)
    loop_add(&loop, out, plan.native_out)
    for k in range(n):
        x = <TensorBase>inputs[k]
        if narrow and op.fixed[k] == -1 and x.ndim == 0 and x.dtype != plan.common:
            x = cast_to(x, plan.common)
            if held is None:
                held = []
            held.append(x)
        loop_add(&loop, x, plan.compute if op.fixed[k] == -1 else op.fixed[k])
    return loop_run(&loop)


cdef int run_batched(Elementwise* op, Plan* plan, int n, PyObject** inputs, const Scalar* params,
                     TensorBase out) except -1:
    # The same on the real tensors; the dtypes are those of the examples, which know of numbers and of 0-d tensors.
    cdef Plan real = plan[0]
    cdef PyObject* read[MAX_INPUTS]
    cdef TensorBase x, y = real_target(out, n, inputs)
    cdef Levels levels = levels_of(out)
    cdef bint narrow = plan.compute != plan.common and category_of[plan.common] == CATEGORY_INT
    cdef list held = []
    cdef int k
    for k in range(n):
        x = <TensorBase>inputs[k]
        if narrow and x.ndim == 0 and op.fixed[k] == -1 and x.dtype != plan.common:
            x = cast_to(x, plan.common)
        held.append(real_in(x, levels, plan.ndim))
        read[k] = <PyObject*>held[k]
    real.batched, real.ndim = False, y.ndim
    memcpy(real.shape, y.shape, y.ndim * sizeof(int64_t))
    return run_plan(op, &real, n, read, params, y)


cdef TensorBase device_place(int n, PyObject** inputs):
    # The input whose device the result shares: single CPU values follow the others.
    cdef int k
    for k in range(n):
        if (<TensorBase>inputs[k]).device != DEVICE_CPU:
            return <TensorBase>inputs[k]
    return <TensorBase>inputs[0]


cdef TensorBase result_memory(int n, PyObject** inputs, int dtype, int ndim, const int64_t* shape, bint batched=False):
    # A new result, in the inputs' order of dimensions.
    cdef int64_t strides[MAX_DIMS]
    cdef bint plain = True
    cdef int k
    for k in range(n):
        plain = plain and (<TensorBase>inputs[k]).contiguous
    plain = plain or ndim < 2
    if not plain:
        output_strides(n, inputs, ndim, shape, strides)
    if batched:
        return batched_like(common_levels(n, inputs), first_batched(n, inputs), dtype, ndim, shape,
                            NULL if plain else strides)
    if plain:
        return tensor_empty_at(device_place(n, inputs), dtype, ndim, shape)
    return tensor_empty_strided(device_place(n, inputs), dtype, ndim, shape, strides)


cdef TensorBase general_way(Elementwise* op, int n, PyObject** inputs, const Scalar* params):
    cdef Plan plan
    cdef TensorBase out
    cdef int k
    make_plan(op, n, inputs, &plan)
    out = result_memory(n, inputs, plan.out_dtype, plan.ndim, plan.shape, plan.batched)
    run_plan(op, &plan, n, inputs, params, out)
    for k in range(n):
        if not (<TensorBase>inputs[k]).wrapped_number:
            return out
    out.wrapped_number = True        # numbers alone stay weak, as the constants of a formula should
    return out


# ---- public drivers

cdef TensorBase elementwise(int which, int n, PyObject** inputs, const Scalar* params, TensorBase out):
    """Run one row on its inputs and record it; `out` may be None."""
    cdef Elementwise* op = &OPS[which]
    cdef TensorBase y
    cdef int k
    if out is not None:
        return elementwise_into(op, n, inputs, params, out)
    y = short_way(op, n, inputs, params)
    if y is None:
        y = general_way(op, n, inputs, params)
    for k in range(n):
        if recorded(<TensorBase>inputs[k]) and op.grad_kind[k] != GRAD_NONE:
            if category_of[y.dtype] >= CATEGORY_FLOAT:
                record(op, n, inputs, params, y)
            break
    return y


cdef TensorBase elementwise_into(Elementwise* op, int n, PyObject** inputs, const Scalar* params, TensorBase out):
    # Straight into the tensor given as out=, where the result fits it as it is.
    cdef Plan plan
    cdef int k
    cdef bint fits
    refuse_out_grad(op, n, inputs, out)
    make_plan(op, n, inputs, &plan)
    fits = (plan.device < 0 and not plan.batched and out.device == DEVICE_CPU and out.dtype == plan.out_dtype
            and out.ndim == plan.ndim and all_equal(plan.shape, out.shape, out.ndim) and not out.storage.readonly)
    for k in range(n):
        fits = fits and not may_clash(out, <TensorBase>inputs[k])
    if not fits:
        return write_out(out, general_way(op, n, inputs, params), op.name.decode())
    check_overlap(out)
    run_plan(op, &plan, n, inputs, params, out)
    bump_version(out, b"out=")
    return out


cdef int refuse_out_grad(Elementwise* op, int n, PyObject** inputs, TensorBase out) except -1:
    cdef int k
    for k in range(n):
        refuse_out_dual(<TensorBase>inputs[k], op.name)
    refuse_out_dual(out, op.name)
    if not recording():
        return 0
    for k in range(n):
        if wants_grad(<TensorBase>inputs[k]) or wants_grad(out):
            raise RuntimeError(f"{op.name.decode()}(): functions with out=... arguments don't support automatic "
                               "differentiation, but one of the arguments requires grad.")
    return 0


cdef int refuse_out_dual(TensorBase x, const char* op) except -1:
    if is_dual(x) and dual_seen(x):
        raise NotImplementedError(f"Trying to use forward AD with {op.decode()}.out that does not support it because "
                                  "it is an out= function")
    return 0


cdef TensorBase write_out(TensorBase out, TensorBase result, str op):
    # Puts a result into the tensor given as out=, resizing it where the shape differs.
    cdef TensorBase fresh
    if category_of[result.dtype] > category_of[out.dtype]:
        raise RuntimeError(f"result type {dtype_title(result.dtype)} can't be cast to the desired output type "
                           f"{dtype_title(out.dtype)}")
    if not same_shape(out, result):
        if out.numel > 0:
            warnings.warn(f"An output with one or more elements was resized since it had shape "
                          f"{list(shape_tuple(out))}, which does not match the required output shape "
                          f"{list(shape_tuple(result))}. This behavior is deprecated.", stacklevel=3)
        fresh = tensor_empty_at(out, out.dtype, result.ndim, result.shape)
        storage_release(out.storage)
        storage_retain(fresh.storage)
        out.storage = fresh.storage
        out.data = fresh.data
        if result.ndim > INLINE_DIMS:
            raise NotImplementedError(f"{op}(): out= cannot be resized to more than {INLINE_DIMS} dimensions")
        out.ndim = result.ndim
        memcpy(out.shape, fresh.shape, result.ndim * sizeof(int64_t))
        memcpy(out.strides, fresh.strides, result.ndim * sizeof(int64_t))
        tensor_set_geometry(out)
    check_overlap(out)
    copy_data(out, result)
    bump_version(out, b"out=")
    return out


cdef TensorBase unary(int which, TensorBase x):
    cdef PyObject* inputs[1]
    inputs[0] = <PyObject*>x
    return elementwise(which, 1, inputs, NULL, None)


cdef TensorBase binary(int which, TensorBase a, TensorBase b):
    cdef PyObject* inputs[2]
    inputs[0] = <PyObject*>a
    inputs[1] = <PyObject*>b
    return elementwise(which, 2, inputs, NULL, None)


include "_inplace.pxi"


cdef TensorBase elementwise_(int which, int n, PyObject** inputs, const Scalar* params):
    """Run one row in place on its first input and record it."""
    cdef Elementwise* op = &OPS[which]
    cdef TensorBase x = <TensorBase>inputs[0]
    cdef TensorBase t
    cdef Plan plan
    cdef PyObject* read[MAX_INPUTS]
    cdef list copies = None
    cdef Node node = None
    cdef Short s
    cdef LoopKernel kernel
    cdef int k
    cdef bint record = False
    check_inplace(x, op.name)
    for k in range(n):
        t = <TensorBase>inputs[k]
        record = record or recorded(t)
        if k > 0 and may_clash(x, t):
            t = tensor_empty_at(t, t.dtype, t.ndim, t.shape)
            copy_data(t, <TensorBase>inputs[k])
            copies = [t] if copies is None else [*copies, t]
        read[k] = <PyObject*>t
    kernel = short_kernel(op, n, read, x, &s) if op.out == OUT_SAME else NULL
    if kernel == NULL:
        plan_inplace(op, n, inputs, x, &plan)
    if record:
        node = record_inplace(op, n, inputs, params)
    if kernel != NULL:
        run_short(kernel, n, &s, x, params)
    else:
        run_plan(op, &plan, n, read, params, x)
    bump_version(x, op.name)
    if node is not None:
        attach_inplace(op, node, x)
    return x


cdef int plan_inplace(Elementwise* op, int n, PyObject** inputs, TensorBase x, Plan* plan) except -1:
    # The plan of a call whose result fits x; raises where it does not.
    cdef int k
    if op.out == OUT_REAL and category_of[x.dtype] == CATEGORY_COMPLEX:
        raise RuntimeError(f"In-place {op.name.decode()} is not supported for complex tensors.")
    make_plan(op, n, inputs, plan)
    if category_of[plan.out_dtype] > category_of[x.dtype]:
        raise RuntimeError(f"result type {dtype_title(plan.out_dtype)} can't be cast to the desired output type "
                           f"{dtype_title(x.dtype)}")
    if plan.ndim != x.ndim or not all_equal(plan.shape, x.shape, x.ndim):
        raise RuntimeError(f"output with shape {list(shape_tuple(x))} doesn't match the broadcast shape "
                           f"{[plan.shape[k] for k in range(plan.ndim)]}")
    if plan.batched:
        real_target(x, n, inputs)    # refuses what comes from more examples than x is of
    return 0


cdef inline bint all_equal(const int64_t* a, const int64_t* b, int n) noexcept:
    cdef int i
    for i in range(n):
        if a[i] != b[i]:
            return False
    return True


include "_elementwise_history.pxi"


# ---- casts and copies, without a record

cdef TensorBase cast_to(TensorBase x, int dtype):
    # x itself where it has the dtype.
    return x if x.dtype == dtype else copy_as(x, dtype)


cdef TensorBase copy_as(TensorBase x, int dtype):
    # In memory of its own, in the order that x has in memory.
    cdef TensorBase y
    cdef int64_t strides[MAX_DIMS]
    cdef PyObject* inputs[1]
    if x.contiguous or x.ndim < 2:
        y = tensor_empty_at(x, dtype, x.ndim, x.shape)
    else:
        inputs[0] = <PyObject*>x
        output_strides(1, inputs, x.ndim, x.shape, strides)
        y = tensor_empty_strided(x, dtype, x.ndim, x.shape, strides)
    copy_data(y, x)
    return y


cdef TensorBase contiguous(TensorBase x):
    # x itself where it is contiguous.
    cdef TensorBase y
    if x.contiguous:
        return x
    y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
    copy_data(y, x)
    return y


cdef TensorBase tape_add(TensorBase a, TensorBase b):
    return binary(OP_ADD, a, b)


cdef int tape_add_(TensorBase a, TensorBase b) except -1:
    cdef PyObject* inputs[2]
    inputs[0] = <PyObject*>a
    inputs[1] = <PyObject*>b
    elementwise_(OP_ADD, 2, inputs, NULL)
    return 0


cdef TensorBase tape_clone(TensorBase x):
    cdef TensorBase y
    cdef PyObject* inputs[1]
    if recorded(x):
        inputs[0] = <PyObject*>x
        return elementwise(OP_CLONE, 1, inputs, NULL, None)
    y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
    copy_data(y, x)
    return y


tape_ops.add = tape_add
tape_ops.add_ = tape_add_
tape_ops.clone = tape_clone
forward_rule(elementwise_backward, elementwise_tangent)
