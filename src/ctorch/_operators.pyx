"""Python's operators on tensors, which go straight to the dispatcher."""
from cpython.object cimport Py_EQ, Py_GT, Py_LE, Py_LT, Py_NE, PyObject
from libc.stdint cimport int64_t, uintptr_t

from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._profiler cimport profile_begin, profile_end, profile_failed, profiling
from ctorch._tensor cimport *
from ctorch._interchange cimport Interchange

from ctorch import _factories as factories
from ctorch import _functions as functions
from ctorch._call_notes import note_call


cdef inline TensorBase operand(object x):
    # A tensor, or a number as a weak tensor; None where an operator should answer NotImplemented.
    if isinstance(x, TensorBase):
        return <TensorBase>x
    if isinstance(x, (float, int, complex)) or is_numpy_scalar(x):
        return number_tensor(x)
    return None


cdef bint is_numpy_scalar(object x):
    # A number of NumPy's: arrays answer operators themselves, those without dimensions too.
    return type(x).__module__ == "numpy" and getattr(x, "ndim", 1) == 0 and not hasattr(x, "__setitem__")


cdef TensorBase values_of(object x):
    # What an operator in place takes: numbers, tensors and NumPy's arrays.
    return factories.as_tensor(x) if hasattr(x, "__array_interface__") and not is_numpy_scalar(x) else operand(x)


cdef inline object operate(int op, object a, object b):
    cdef TensorBase x = operand(a), y = operand(b)
    if x is None or y is None:
        return NotImplemented
    try:
        return profiled(op, x, y, False) if profiling else binary(op, x, y)
    except Exception as error:
        note_call(error, OPS[op].name.decode(), {"input": a, "other": b})
        raise


cdef object profiled(int op, TensorBase x, TensorBase y, bint in_place):
    cdef PyObject* inputs[2]
    cdef int64_t event
    inputs[0], inputs[1] = <PyObject*>x, <PyObject*>y
    event = profile_begin(OPS[op].name, 1 if y is None else 2, inputs)
    try:
        if in_place:
            result = elementwise_(op, 2, inputs, NULL)
        else:
            result = unary(op, x) if y is None else binary(op, x, y)
    except BaseException:
        profile_failed(event)
        raise
    profile_end(event, result)
    return result


cdef object operate_inplace(int op, TensorBase a, object b):
    cdef TensorBase y = <TensorBase>b if isinstance(b, TensorBase) else values_of(b)
    cdef PyObject* inputs[2]
    if y is None:
        return NotImplemented
    inputs[0] = <PyObject*>a
    inputs[1] = <PyObject*>y
    try:
        return profiled(op, a, y, True) if profiling else elementwise_(op, 2, inputs, NULL)
    except Exception as error:
        note_call(error, OPS[op].name.decode() + "_", {"input": a, "other": b})
        raise


cdef class Operators(Interchange):
    """What Python's operators mean on tensors: arithmetic, bits, products and comparisons, element by element."""

    def __add__(self, other):
        return operate(OP_ADD, self, other)

    def __radd__(self, other):
        return operate(OP_ADD, self, other)

    def __iadd__(self, other):
        return operate_inplace(OP_ADD, self, other)

    def __sub__(self, other):
        return operate(OP_SUB, self, other)

    def __rsub__(self, other):
        return operate(OP_SUB, other, self)

    def __isub__(self, other):
        return operate_inplace(OP_SUB, self, other)

    def __mul__(self, other):
        return operate(OP_MUL, self, other)

    def __rmul__(self, other):
        return operate(OP_MUL, self, other)

    def __imul__(self, other):
        return operate_inplace(OP_MUL, self, other)

    def __truediv__(self, other):
        return operate(OP_DIV_TRUE, self, other)

    def __rtruediv__(self, other):
        return operate(OP_DIV_TRUE, other, self)

    def __itruediv__(self, other):
        return operate_inplace(OP_DIV_TRUE, self, other)

    def __floordiv__(self, other):
        return operate(OP_FLOOR_DIVIDE, self, other)

    def __rfloordiv__(self, other):
        return operate(OP_FLOOR_DIVIDE, other, self)

    def __ifloordiv__(self, other):
        return operate_inplace(OP_FLOOR_DIVIDE, self, other)

    def __mod__(self, other):
        return operate(OP_REMAINDER, self, other)

    def __rmod__(self, other):
        return operate(OP_REMAINDER, other, self)

    def __imod__(self, other):
        return operate_inplace(OP_REMAINDER, self, other)

    def __pow__(self, other, modulo):
        return operate(OP_POW, self, other)

    def __rpow__(self, other, modulo):
        return operate(OP_POW, other, self)

    def __ipow__(self, other):
        return operate_inplace(OP_POW, self, other)

    def __and__(self, other):
        return operate(OP_BITWISE_AND, self, other)

    def __rand__(self, other):
        return operate(OP_BITWISE_AND, self, other)

    def __iand__(self, other):
        return operate_inplace(OP_BITWISE_AND, self, other)

    def __or__(self, other):
        return operate(OP_BITWISE_OR, self, other)

    def __ror__(self, other):
        return operate(OP_BITWISE_OR, self, other)

    def __ior__(self, other):
        return operate_inplace(OP_BITWISE_OR, self, other)

    def __xor__(self, other):
        return operate(OP_BITWISE_XOR, self, other)

    def __rxor__(self, other):
        return operate(OP_BITWISE_XOR, self, other)

    def __ixor__(self, other):
        return operate_inplace(OP_BITWISE_XOR, self, other)

    def __lshift__(self, other):
        return operate(OP_BITWISE_LEFT_SHIFT, self, other)

    def __rshift__(self, other):
        return operate(OP_BITWISE_RIGHT_SHIFT, self, other)

    def __rlshift__(self, other):
        return operate(OP_BITWISE_LEFT_SHIFT, other, self)

    def __rrshift__(self, other):
        return operate(OP_BITWISE_RIGHT_SHIFT, other, self)

    def __ilshift__(self, other):
        return operate_inplace(OP_BITWISE_LEFT_SHIFT, self, other)

    def __irshift__(self, other):
        return operate_inplace(OP_BITWISE_RIGHT_SHIFT, self, other)

    def __matmul__(self, other):
        return functions.matmul(self, other) if isinstance(other, TensorBase) else NotImplemented

    def __rmatmul__(self, other):
        return functions.matmul(other, self) if isinstance(other, TensorBase) else NotImplemented

    def __neg__(self):
        return profiled(OP_NEG, self, None, False) if profiling else unary(OP_NEG, self)

    def __pos__(self):
        return self

    def __abs__(self):
        return profiled(OP_ABS, self, None, False) if profiling else unary(OP_ABS, self)

    def __invert__(self):
        return functions.bitwise_not(self)

    def __richcmp__(self, other, int how):
        cdef int op
        if how == Py_EQ:
            op = OP_EQ
        elif how == Py_NE:
            op = OP_NE
        elif how == Py_LT:
            op = OP_LT
        elif how == Py_LE:
            op = OP_LE
        elif how == Py_GT:
            op = OP_GT
        else:
            op = OP_GE
        r = operate(op, self, other)
        if r is NotImplemented and (how == Py_EQ or how == Py_NE) and not hasattr(other, "__array__"):
            return how == Py_NE
        return r

    def __hash__(self):
        return <Py_ssize_t>(<uintptr_t><PyObject*>self >> 4)
