"""The functions and methods of the table's rows, and what derivatives need of them.

binding.h reads a call's arguments and hands them to the body that the row is bound to: one of those written here, which
many rows share, or one that _codegen.functions writes for a kernel row.
"""
from importlib import import_module

from cpython.complex cimport PyComplex_Check
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport int64_t

from ctorch._accelerator cimport accelerator_forward
from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._iterator cimport Scalar, copy_data
from ctorch._profiler cimport profile_begin, profile_end, profile_failed, profiling
from ctorch._reduce cimport *
from ctorch._shape cimport reduced_count, wrap_dim
from ctorch._tape cimport (BackwardFn, Node, forward_rule, node_attach, node_edge, node_edge_shape, node_flat,
                           node_give, node_needs, node_new, node_outputs, node_save, node_saved, node_settle, recorded,
                           recording, tape_ops)
from ctorch._tensor cimport *
from ctorch._views cimport expand_reduced

from ctorch import _views as views
from ctorch._call_notes import no_tensor, note_call

cdef extern from "_gen/rows.h":
    enum:
        CT_MOST
        CT_NAMES
    ctypedef struct Row "ct_row":
        const char* name
        int count, has_out, number, mask
        short parameters[1]
        PyObject* target
        void* body
    Row ROWS "ct_rows"[]
    const char** SPELLED "ct_spelled"
    struct PyMethodDef:
        pass
    PyMethodDef* FUNCTIONS "ct_functions"
    PyMethodDef* METHODS "ct_methods"
    int ct_keep(tuple defaults, const char** names, int count) except -1
    int ct_put_functions(dict where, str module, PyMethodDef* defs) except -1
    int ct_put_methods(object type, PyMethodDef* defs) except -1
    object ct_call_target(Row* row, PyObject** v)
    int* ct_profiling
    void* ct_profiled
    PyObject* ct_note_call
    PyTypeObject* ct_tensor_base
    PyTypeObject** ct_tensor_type

ctypedef object (*Body)(Row* row, PyObject** v)


cdef object profiled(Row* row, PyObject** v):
    cdef int64_t event = profile_begin(row.name, row.count - row.has_out, v)
    try:
        result = (<Body>row.body)(row, v)
    except BaseException:
        profile_failed(event)
        raise
    profile_end(event, result)
    return result


ct_profiling, ct_profiled = <int*>&profiling, <void*>profiled
ct_tensor_base, ct_tensor_type = <PyTypeObject*>TensorBase, &tensor_type
ct_note_call = <PyObject*>note_call              # the module lives as long as the process


cdef void bind(int row, Body body, int number=0, int mask=0):
    ROWS[row].body, ROWS[row].number, ROWS[row].mask = <void*>body, number, mask


INF = float("inf")
NAN = float("nan")
cdef object derivatives_module = None


cdef object derivatives():
    # Derivatives written with other operators; imported when the first of them is needed.
    global derivatives_module
    if derivatives_module is None:
        from ctorch import _derivatives
        derivatives_module = _derivatives
    return derivatives_module


cdef TensorBase need_tensor(object x, str op, str arg):
    if not isinstance(x, TensorBase):
        raise TypeError(f"{op}(): argument '{arg}' must be Tensor, not {type(x).__name__}")
    return <TensorBase>x


def _need_tensors(*given):
    """Refuse, in PyTorch's words, an argument of the calling function that is no tensor."""
    for x in given:
        if not isinstance(x, TensorBase):
            raise TypeError(no_tensor(x))


def _own(TensorBase result not None):
    """The result of a function written in Python, which is no view though a view of something fresh may be in it."""
    leave_base(result)
    return result


cdef TensorBase need_out(object out, str op):
    if not isinstance(out, TensorBase):
        raise TypeError(f"{op}(): argument 'out' must be Tensor, not {type(out).__name__}")
    return <TensorBase>out


cdef str op_name(int op):
    return OPS[op].name.decode()


cdef TensorBase operand(int op, int k, object x, str suffix=""):
    """The k-th input of an operation as a tensor."""
    cdef TensorBase t
    if isinstance(x, TensorBase):
        return <TensorBase>x
    t = number_tensor(x)
    return as_operand(x, op_name(op) + suffix, OPS[op].names[k].decode(), k + 1) if t is None else t


cdef object call1(int op, object x, object out):
    cdef PyObject* inputs[1]
    if not isinstance(x, TensorBase):
        raise TypeError(f"{op_name(op)}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}")
    inputs[0] = <PyObject*>x
    return elementwise(op, 1, inputs, NULL, None if out is None else need_out(out, op_name(op)))


cdef object call2(int op, object a, object b, object out):
    cdef PyObject* inputs[2]
    cdef TensorBase x, y
    x, y = operand(op, 0, a), operand(op, 1, b)
    if x.wrapped_number and y.wrapped_number and not (isinstance(a, TensorBase) or isinstance(b, TensorBase)):
        raise TypeError(f"{op_name(op)}(): argument 'input' (position 1) must be Tensor, not {type(a).__name__}")
    inputs[0] = <PyObject*>x
    inputs[1] = <PyObject*>y
    return elementwise(op, 2, inputs, NULL, None if out is None else need_out(out, op_name(op)))


cdef int fill_params(int op, PyObject** given, int optional, Scalar* values) except -1:
    cdef int i
    for i in range(OPS[op].params):
        p = <object>given[i]
        if p is None and (optional >> i) & 1:      # expressions read NaN, of which no comparison is true
            p = NAN
        if not isinstance(p, (int, float)):
            p = p.item() if hasattr(p, "item") else p
            if not isinstance(p, (int, float)):
                raise TypeError(f"{op_name(op)}(): argument '{OPS[op].names[OPS[op].inputs + i].decode()}' (position "
                                f"{OPS[op].inputs + i + 1}) must be Number, not {type(p).__name__}")
        values[i].f = p
        values[i].i = <int64_t>values[i].f
        values[i].im = 0
    return 0


cdef list take_operands(int op, PyObject** given, int optional, PyObject** operands, Scalar* values, str suffix=""):
    """The inputs of an operation as tensors, which the list holds, and its numbers: those with a bit may be None."""
    cdef list held = []
    cdef int k
    for k in range(OPS[op].inputs):
        held.append(operand(op, k, <object>given[k], suffix))
        operands[k] = <PyObject*>held[k]
    fill_params(op, given + OPS[op].inputs, optional, values)
    return held


cdef object call_many(int op, PyObject** given, int optional, object out):
    cdef PyObject* operands[MAX_INPUTS]
    cdef Scalar values[MAX_PARAMS]
    held = take_operands(op, given, optional, operands, values)
    return elementwise(op, len(held), operands, values, None if out is None else need_out(out, op_name(op)))


cdef object run_inplace(int op, PyObject** given, int optional):
    cdef PyObject* operands[MAX_INPUTS]
    cdef Scalar values[MAX_PARAMS]
    held = take_operands(op, given, optional, operands, values, "_")
    return elementwise_(op, len(held), operands, values)


cdef object call_inplace(int op, tuple given):
    cdef PyObject* values[MAX_INPUTS + MAX_PARAMS]
    cdef int i, n = OPS[op].inputs + OPS[op].params
    if len(given) != n:
        raise TypeError(f"{op_name(op)}_() takes {n} inputs and numbers, not {len(given)}")
    for i in range(n):
        values[i] = <PyObject*>given[i]
    return run_inplace(op, values, 0)


cdef object scaled_operand(int op, object a, object b, object alpha):
    # alpha * b in the dtype of the result, which alpha has no say in.
    cdef PyObject* inputs[2]
    cdef TensorBase x, y
    cdef int common
    if alpha == 1 and not isinstance(alpha, bool):
        return b
    x, y = operand(op, 0, a), operand(op, 1, b)
    inputs[0], inputs[1] = <PyObject*>x, <PyObject*>y
    if op == OP_SUB:
        refuse_bool(&OPS[op], 2, inputs)         # before the scale makes a number of a bool
    common = result_dtype(2, inputs)
    check_alpha(common, alpha)
    if not isinstance(b, TensorBase) and common != BOOL:
        b = b * alpha                            # Python's numbers lose nothing
        if type(b) is not int:
            return b
        return (b + 2**63) % 2**64 - 2**63 if category_of[common] <= CATEGORY_INT else float(b)
    if common == BOOL:
        return call2(OP_MUL, y, bool(alpha), None)
    if y.dtype != common and not y.wrapped_number:
        y = views.to_dtype(y, dtype_object(common))
    return call2(OP_MUL, y, alpha, None)


cdef int check_alpha(int common, object alpha) except -1:
    if isinstance(alpha, bool):
        if common != BOOL:
            raise RuntimeError("Boolean alpha only supported for Boolean results.")
    elif PyComplex_Check(alpha):             # the table has a function of the name complex
        if category_of[common] != CATEGORY_COMPLEX:
            raise RuntimeError("For non-complex input tensors, argument alpha must not be a complex number.")
    elif category_of[common] <= CATEGORY_INT:
        if isinstance(alpha, float):
            raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
        need_fits(common, alpha)
    return 0


cdef bint fused(int op, object a, object b, object alpha) except -1:
    # Whether one kernel scales and adds.
    cdef PyObject* inputs[2]
    cdef int common
    if op != OP_ADD or alpha == 1 or not isinstance(a, TensorBase) or not isinstance(b, TensorBase):
        return False
    inputs[0], inputs[1] = <PyObject*>a, <PyObject*>b
    common = result_dtype(2, inputs)
    check_alpha(common, alpha)
    return common != BOOL and isinstance(alpha, (int, float))


cdef object result_in(object out, object result, str op):
    """A result, or `out` with the result in it, for rows whose kernels make a tensor of their own."""
    if out is None:
        return result
    if isinstance(result, tuple):
        if not isinstance(out, (tuple, list)) or len(out) != len(result):
            raise TypeError(f"{op}(): argument 'out' must be a tuple of {len(result)} Tensors, not "
                            f"{type(out).__name__}")
        written = [result_in(o, r, op) for o, r in zip(out, result)]
        return type(result)(*written) if hasattr(result, "_fields") else tuple(written)
    cdef TensorBase target = need_out(out, op), value = <TensorBase?>result
    refuse_out_dual(target, op.encode())
    refuse_out_dual(value, op.encode())
    if recording() and (wants_grad(target) or wants_grad(value)):
        raise RuntimeError(f"{op}(): functions with out=... arguments don't support automatic differentiation, but one "
                           "of the arguments requires grad.")
    return write_out(target, value, op)


cdef object inplace_source(TensorBase x, tuple others):
    """What an in-place form reads: a copy where the graph may keep it, since x is about to change."""
    cdef bint kept = recorded(x)
    for other in others:
        kept = kept or (isinstance(other, TensorBase) and recorded(<TensorBase>other))
    return x.clone() if kept else x


cdef object inplace_result(TensorBase x, TensorBase result, str op):
    """Writes the result of an operator over x."""
    if category_of[result.dtype] > category_of[x.dtype]:
        raise RuntimeError(f"result type {dtype_title(result.dtype)} can't be cast to the desired output type "
                           f"{dtype_title(x.dtype)}")
    if not same_shape(x, result):
        raise RuntimeError(f"{op}(): output with shape {list(shape_tuple(x))} doesn't match the broadcast shape "
                           f"{list(shape_tuple(result))}")
    return x.copy_(result)


cdef TensorBase copy_to_change(TensorBase x):
    # A copy for a kernel that changes it; not recorded.
    cdef TensorBase y = tensor_empty_at(x, x.dtype, x.ndim, x.shape)
    copy_data(y, x)
    return y


cdef TensorBase apart(TensorBase x, TensorBase y):
    # y, or a copy of it where a change of x could show in it; refused where both are whole blocks of memory.
    if x.storage != y.storage or x.numel == 0 or y.numel == 0:
        return y
    if x.contiguous and y.contiguous:
        if (x.data >= y.data + y.numel * itemsize_of[y.dtype]) or (y.data >= x.data + x.numel * itemsize_of[x.dtype]):
            return y
        raise RuntimeError("unsupported operation: some elements of the input tensor and the written-to tensor refer "
                           "to a single memory location. Please clone() the tensor before performing the operation.")
    return copy_to_change(y)


cdef int node_args(Node node, tuple args) except -1:
    Py_INCREF(args)
    node.args = <PyObject*>args
    return 0


cdef int give_object(Node node, int k, object g) except -1:
    if g is None:
        return 0
    return node_give(node, k, <TensorBase?>g)


cdef int give_flat(Node node, int k, object g) except -1:
    return node_give(node, k, node_flat(node, k, <TensorBase?>g))


cdef tuple OVER_ALL = (None, False)           # the arguments of most reductions, made once
cdef BackwardFn reduce_backward[REDUCE_COUNT]
cdef int reduce_reads[REDUCE_COUNT]           # what a gradient reads: 1 the result, 2 the input
for i in range(REDUCE_COUNT):
    reduce_backward[i] = NULL


cdef object reduced(int which, object input, object dim, bint keepdim, object dtype, object out):
    """A reduction row with its record."""
    cdef TensorBase x = <TensorBase>input if isinstance(input, TensorBase) else need_tensor(
        input, REDUCTIONS[which].name.decode(), "input")
    cdef TensorBase y = reduce(which, x, dim, keepdim, dtype)
    cdef Node node
    if recorded(x) and reduce_backward[which] != NULL and category_of[y.dtype] >= CATEGORY_FLOAT:
        node = node_new(reduce_backward[which], REDUCTIONS[which].name, 1, 2)
        node_edge(node, 0, x, None)
        if reduce_reads[which] & 1:
            node_save(node, 0, y, True)
        if reduce_reads[which] & 2:
            node_save(node, 1, x, False)
        node_args(node, OVER_ALL if dim is None and not keepdim else (dim, keepdim))
        node_attach(node, y, 0)
    return y if out is None else result_in(out, y, REDUCTIONS[which].name.decode())


def conj(input):
    """Complex conjugate of each element; the tensor itself where it is real.

    See https://docs.pytorch.org/docs/stable/generated/torch.conj.html
    """
    cdef TensorBase x = need_tensor(input, "conj", "input")
    if category_of[x.dtype] != CATEGORY_COMPLEX:
        return input
    return call1(OP_CONJ, input, None)


def direction(input):
    """sgn, for formulas; of real numbers its slope is zero whatever comes, also infinities and NaN."""
    cdef TensorBase x = <TensorBase>input
    return call1(OP_SGN if category_of[x.dtype] == CATEGORY_COMPLEX else OP_SIGN, input, None)


def _fitting(dtype kind not None, value, str op):
    """A number in the category of a dtype, which can hold it."""
    return fitting(kind.id, value, op)


def _need_fits(dtype kind not None, number):
    """Raise where a dtype cannot hold a number."""
    need_fits(kind.id, number)


def _result_in(out, result, str op):
    """A result, or `out` with the result in it, for functions that are written in Python."""
    return result_in(out, result, op)


def _written(out, result, str op):
    """`out` with a result, or a tuple of them, in it."""
    return result_in(out, result, op)


def _overwrite(TensorBase x not None, TensorBase result not None, str op):
    """`x` with a result in it, if its dtype and shape allow that."""
    return inplace_result(x, result, op)


def _inplace(int op, tuple inputs, tuple params=()):
    """Run elementwise operation number `op` in place on the first input."""
    return call_inplace(op, inputs + params)


# ---- the bodies that rows share: v holds the arguments in the order of the row's parameters, out= the last

cdef object one(Row* row, PyObject** v):
    return call1(row.number, <object>v[0], <object>v[1])


cdef object two(Row* row, PyObject** v):
    return call2(row.number, <object>v[0], <object>v[1], <object>v[2])


cdef object several(Row* row, PyObject** v):
    return call_many(row.number, v, row.mask, <object>v[row.count - 1])


cdef object inplace(Row* row, PyObject** v):
    return run_inplace(row.number, v, row.mask)


cdef object scaled(Row* row, PyObject** v):
    cdef object a = <object>v[0], b = <object>v[1], alpha = <object>v[2], out = <object>v[3]
    if fused(row.number, a, b, alpha):
        return call_many(OP_ADD_SCALED, v, 0, out)
    return call2(row.number, a, scaled_operand(row.number, a, b, alpha), out)


cdef object scaled_inplace(Row* row, PyObject** v):
    cdef object a = <object>v[0], b = <object>v[1], alpha = <object>v[2]
    cdef PyObject* operands[2]
    if fused(row.number, a, b, alpha):
        return run_inplace(OP_ADD_SCALED, v, 0)
    b = scaled_operand(row.number, a, b, alpha)
    operands[0], operands[1] = <PyObject*>a, <PyObject*>b
    return run_inplace(row.number, operands, 0)


cdef object reduction(Row* row, PyObject** v):
    cdef int count = row.count - row.has_out
    cdef bint keepdim = count > 2 and <object>v[2]
    cdef object dtype = <object>v[3] if count == 4 else None
    return reduced(row.number, <object>v[0], <object>v[1], keepdim, dtype, <object>v[count] if row.has_out else None)


cdef object composite(Row* row, PyObject** v):
    """A row that is written with other operators, in the file of _composites that has its number."""
    if row.target == NULL:
        target = getattr(import_module(composite_modules[row.number]), row.name.decode())
        Py_INCREF(target)
        row.target = <PyObject*>target
    result = ct_call_target(row, v)
    if row.has_out and v[row.count - 1] != <PyObject*>None:
        return result_in(<object>v[row.count - 1], result, row.name.decode())
    if isinstance(result, TensorBase):
        leave_base(<TensorBase>result)
    elif isinstance(result, tuple):
        for y in <tuple>result:
            if isinstance(y, TensorBase):
                leave_base(<TensorBase>y)
    return result


cdef object over_itself(Row* row, PyObject** v):
    """The in-place form of a row that has no kernel for it; the mask has a bit for each operand beside the first."""
    cdef TensorBase x = <TensorBase>v[0]
    cdef PyObject* given[CT_MOST]
    cdef int i
    others = tuple([<object>v[i] for i in range(1, row.count) if (row.mask >> i) & 1])
    source = inplace_source(x, others)
    for i in range(row.count):
        given[i] = v[i]
    given[0] = <PyObject*>source
    result = (<Body>ROWS[row.number].body)(&ROWS[row.number], given)
    if result is source and not (recorded(x) and tensor_is_non_overlapping(x)):
        # nothing changes, but only where something might
        check_changeable(x, row.name)
        bump_version(x, row.name)
        return x
    return inplace_result(x, <TensorBase?>result, row.name.decode())


cdef int put_methods(type owner) except -1:
    """Give a type the methods of the table."""
    return ct_put_methods(owner, METHODS)


include "_gen/functions.pxi"

ct_keep(DEFAULTS, SPELLED, CT_NAMES)
ct_put_functions(globals(), __name__, FUNCTIONS)
globals().update({alias: globals()[name] for alias, name in aliases.items()})
