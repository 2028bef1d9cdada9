"""Data types. The table dtypes.toml gives their names and rules; this module makes objects and lookups of it."""
from ctorch._gen.dtypes cimport *

include "_gen/dtypes.pxi"

cdef list OBJECTS = []
cdef dict BY_NAME = {}
cdef int DEFAULT = FLOAT32


cdef class dtype:
    """Type of a tensor's elements, such as ``ctorch.float32``.

    See https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch-dtype

    Examples
    --------
    >>> import ctorch
    >>> ctorch.float16.itemsize
    2
    """

    def __init__(self):
        raise TypeError("dtype objects cannot be created; use ctorch.float32 and the like")

    @property
    def itemsize(self):
        """Bytes of one element."""
        return itemsize_of[self.id]

    @property
    def is_floating_point(self):
        """True for float16, bfloat16, float32 and float64."""
        return category_of[self.id] == CATEGORY_FLOAT

    @property
    def is_complex(self):
        """True for complex64 and complex128."""
        return category_of[self.id] == CATEGORY_COMPLEX

    @property
    def is_signed(self):
        """False for bool and the unsigned integers."""
        return not (self.id == BOOL or self.name.startswith("uint"))

    def to_complex(self):
        """The complex dtype whose parts have this dtype's precision."""
        if category_of[self.id] < CATEGORY_FLOAT:
            raise RuntimeError(f"Unknown Complex ScalarType for {dtype_title(self.id)}")
        return dtype_object(complex_of(self.id))

    def to_real(self):
        """The dtype of the real part."""
        return dtype_object(real_of(self.id))

    def __repr__(self):
        return "torch." + self.name

    def __reduce__(self):
        return (dtype_by_name, (self.name,))

    def __hash__(self):
        return self.id + 7919

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


def dtype_by_name(str name):
    """The dtype object with this name."""
    return BY_NAME[name]


cdef void fill_tables():
    cdef int i
    cdef dtype d
    for i, (name, size, category, compute, numpy_name, aliases) in enumerate(ROWS):
        d = dtype.__new__(dtype)
        d.id, d.name, d.numpy_name = i, name, numpy_name
        itemsize_of[i], category_of[i], compute_of[i] = size, category, compute
        OBJECTS.append(d)
        for key in (name, *aliases):
            BY_NAME[key] = d
    for a in range(DTYPE_COUNT):
        for b in range(DTYPE_COUNT):
            promotion[a][b] = promotion_rule(a, b)


cdef bint bare_unsigned(int id) noexcept:
    # PyTorch promotes these only with themselves and with floats.
    return id == UINT16 or id == UINT32 or id == UINT64


cdef int promotion_rule(int a, int b) noexcept:
    cdef int ca = category_of[a], cb = category_of[b], t
    if a == b:
        return a
    if ca > cb:
        a, b, ca, cb = b, a, cb, ca
    if ca != cb:
        if cb == CATEGORY_COMPLEX and bare_unsigned(a):
            return -1
        if cb == CATEGORY_COMPLEX and a == FLOAT64:
            return COMPLEX128
        if cb == CATEGORY_INT and bare_unsigned(b):
            return -1
        return b
    if ca == CATEGORY_INT:
        if bare_unsigned(a) or bare_unsigned(b):
            return -1
        if a == UINT8 or b == UINT8:
            t = b if a == UINT8 else a
            return INT16 if t == INT8 else t
        return a if itemsize_of[a] > itemsize_of[b] else b
    if (a == FLOAT16 and b == BFLOAT16) or (a == BFLOAT16 and b == FLOAT16):
        return FLOAT32
    return a if itemsize_of[a] > itemsize_of[b] else b


cdef dtype dtype_object(int id):
    return OBJECTS[id]


cdef const char* dtype_name(int id) noexcept:
    return NAMES[id]


cdef str dtype_title(int id):
    return TITLES[id]


cdef int promote(int a, int b) except -1:
    cdef int r = promotion[a][b]
    if r < 0:
        raise RuntimeError("Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                           f"{dtype_title(a)} and {dtype_title(b)}")
    return r


cdef int as_dtype(object x, str op) except -1:
    if isinstance(x, dtype):
        return (<dtype>x).id
    if x is float:                   # Python's own precision, as in PyTorch
        return FLOAT64
    if x is int:
        return INT64
    if x is bool:
        return BOOL
    if x is complex:
        return COMPLEX128
    raise TypeError(f"{op}(): argument 'dtype' must be torch.dtype, not {type(x).__name__}")


cdef int default_dtype() noexcept:
    return DEFAULT


cdef int complex_of(int id) noexcept:
    if category_of[id] == CATEGORY_COMPLEX:
        return id
    return COMPLEX128 if id == FLOAT64 else COMPLEX64


cdef int real_of(int id) noexcept:
    if id == COMPLEX64:
        return FLOAT32
    return FLOAT64 if id == COMPLEX128 else id


cdef int dtype_from_numpy(object np_dtype) except -1:
    name = np_dtype.name
    if not np_dtype.isnative:
        raise ValueError("given numpy array has byte order different from the native byte order. "
                         "Conversion between byte orders is currently not supported.")
    d = BY_NAME.get(name)
    if d is None or name in ("float", "int", "half", "double", "long", "short"):
        raise TypeError(f"can't convert np.ndarray of type {np_dtype.type.__module__}.{np_dtype.type.__name__}. "
                        "The only supported types are: float64, float32, float16, complex64, complex128, int64, "
                        "int32, int16, int8, uint64, uint32, uint16, uint8, and bool.")
    return (<dtype>d).id


def set_default_dtype(d, /):
    """Set the dtype of float tensors made without one.

    Parameters
    ----------
    d : dtype
        A floating point dtype.

    Raises
    ------
    TypeError
        If d is not a floating point dtype.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.set_default_dtype(ctorch.float64)
    >>> ctorch.tensor([1.5]).dtype
    torch.float64
    >>> ctorch.set_default_dtype(ctorch.float32)
    """
    global DEFAULT
    if not isinstance(d, dtype) or category_of[(<dtype>d).id] != CATEGORY_FLOAT:
        raise TypeError(f"only floating-point types are supported as the default type, got {d}")
    DEFAULT = (<dtype>d).id


def get_default_dtype():
    """The dtype of float tensors made without one; float32 unless changed."""
    return dtype_object(DEFAULT)


def promote_types(dtype type1 not None, dtype type2 not None):
    """The smallest dtype that holds both.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.promote_types(ctorch.int32, ctorch.float16)
    torch.float16
    """
    return dtype_object(promote(type1.id, type2.id))


def can_cast(dtype from_ not None, dtype to not None):
    """True if PyTorch's casting rules allow the conversion without changing category downwards."""
    return category_of[from_.id] <= category_of[to.id]


fill_tables()
public_names = dict(BY_NAME)
