"""ctorch: PyTorch's tensors, autograd, nn and optim as a small Cython package.

``import ctorch as torch`` runs a PyTorch script. Tensors live in ``_core``; the operators come from the table
``ops/``; ``nn``, ``optim`` and ``utils`` are Python on top.
"""
import builtins as _builtins
import importlib as _importlib
import importlib.util as _importlib_util
import math as _math
import os as _os

from ctorch import (
    _core,
    _dtype,
    _factories,
    _functions,
    _indexing,
    _joining,
    _keywords,
    _random,
    _random_functions,
    _shape,
    _storage,
    _tape,
    _views,
)
from ctorch._combining import (
    adjoint,
    atleast_1d,
    atleast_2d,
    atleast_3d,
    block_diag,
    broadcast_tensors,
    cartesian_prod,
    meshgrid,
    ravel,
)
from ctorch._core import Tensor
from ctorch._device import device
from ctorch._dtype import can_cast, dtype, get_default_dtype, promote_types, set_default_dtype
from ctorch._factories import (
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    empty_strided,
    eye,
    from_numpy,
    frombuffer,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from ctorch._grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from ctorch._indexing import nonzero
from ctorch._joining import cat, concat, concatenate, stack
from ctorch._limits import finfo, iinfo
from ctorch._memory_format import (
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from ctorch._parallel import get_num_threads, set_num_threads
from ctorch._random import Generator, initial_seed, seed
from ctorch._random_functions import (
    bernoulli,
    binomial,
    get_rng_state,
    manual_seed,
    multinomial,
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
    set_rng_state,
)
from ctorch._random_functions import normal_of as normal
from ctorch._size import Size
from ctorch._tape import (
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
)
from ctorch._views import (
    as_strided,
    chunk,
    detach,
    diagonal,
    flatten,
    movedim,
    narrow,
    permute,
    reshape,
    split,
    squeeze,
    t,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
)
from ctorch._views import select_ as select

__version__ = "0.1.0"

swapaxes = swapdims = transpose
moveaxis = movedim
inf, nan, pi, e, newaxis = _math.inf, _math.nan, _math.pi, _math.e, None

globals().update(_dtype.public_names)
globals().update({name: getattr(_functions, name) for name in _functions.public_names})
conj = _functions.conj
_random._set_types(lambda state: frombuffer(bytearray(state), dtype=_dtype.public_names["uint8"]), device)

# What comes from the table takes NumPy's names by itself.
for _owner in (_views, _joining, _indexing, *Tensor.__mro__[:-1]):
    if _owner.__name__ != "TableMethods":
        _keywords.take_numpy_names(vars(_owner).values())
del _owner

# Imported when first used, so that `import ctorch` stays quick.
_LAZY = ("nn", "optim", "linalg", "utils", "autograd", "testing", "cuda", "backends", "serialization", "fft", "special",
         "signal", "return_types", "accelerator", "cpu", "masked", "random", "_C", "types", "version", "array_api",
         "scipy", "func", "profiler")
_LAZY_NAMES = {"save": "serialization", "load": "serialization", "set_printoptions": "_printing",
               "default_generator": "random", "einsum": "_einsum", "chain_matmul": "_einsum",
                "UntypedStorage": "_storages", "TypedStorage": "_storages", "lobpcg": "linalg._lobpcg",
                "vmap": "func", "from_dlpack": "utils.dlpack",
               "to_dlpack": "utils.dlpack"}
_LAZY_NAMES |= dict.fromkeys((
    "are_deterministic_algorithms_enabled", "get_default_device", "get_deterministic_debug_mode", "get_device_module",
    "get_float32_matmul_precision", "get_num_interop_threads", "is_deterministic_algorithms_warn_only_enabled",
    "is_warn_always_enabled", "set_default_device", "set_default_tensor_type", "set_deterministic_debug_mode",
    "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads", "set_warn_always",
    "use_deterministic_algorithms"), "_settings")
_LAZY_NAMES |= dict.fromkeys((
    "clone", "empty_permuted", "from_file", "is_nonzero", "is_same_size", "is_storage", "logspace", "range",
    "result_type", "scalar_tensor", "typename", "vander"), "_creation")
_LAZY_NAMES |= dict.fromkeys((
    "celu", "celu_", "cosine_similarity", "pairwise_distance", "pdist", "rrelu", "rrelu_",
    "selu", "selu_", "threshold_"), "nn.functional")
_LAZY_NAMES |= dict.fromkeys(("eig", "lstsq", "matrix_rank", "solve", "symeig"), "linalg._former")
_LAZY_NAMES |= dict.fromkeys((f"{name}{kind}" for kind in ("Tensor", "Storage") for name in (
    "BFloat16", "Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")), "_typed")
_LAZY_NAMES |= dict.fromkeys(("ComplexDoubleStorage", "ComplexFloatStorage"), "_typed")


# Functions that change their first argument: the methods under PyTorch's further names, found when asked for.
_IN_PLACE = frozenset("""
    abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ as_strided_ asin_ asinh_ atan_
    atanh_ ceil_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_ cos_ cosh_ deg2rad_ detach_ erf_ erfc_ exp2_ exp_
    expm1_ fill_ fix_ floor_ frac_ gcd_ i0_ index_put_ lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_
    negative_ rad2deg_ reciprocal_ relu_ resize_as_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_
    trunc_ xlogy_ zero_
""".split())


def __getattr__(name):
    if name in _IN_PLACE:
        return getattr(Tensor, name)
    if name in _LAZY:
        return _importlib.import_module(f"ctorch.{name}")
    if name in _LAZY_NAMES:
        value = getattr(_importlib.import_module(f"ctorch.{_LAZY_NAMES[name]}"), name)
        globals()[name] = value
        return value
    if name in ("complex32", "chalf"):
        raise AttributeError(f"module 'ctorch' has no attribute {name!r}: complex numbers of two halves are not "
                             "implemented; use complex64")
    raise AttributeError(f"module 'ctorch' has no attribute {name!r}")


def __dir__():
    there = {name for name in _LAZY if _importlib_util.find_spec(f"ctorch.{name}")}
    return sorted({*globals(), *there, *_LAZY_NAMES, *_IN_PLACE})


def is_tensor(obj):
    """True for a Tensor."""
    return isinstance(obj, Tensor)


def is_floating_point(input):
    """True for tensors of a float dtype."""
    return input.is_floating_point()


def is_complex(input):
    """True for tensors of a complex dtype."""
    return input.is_complex()


def is_inference(input):
    """True for tensors made in inference mode."""
    return input.is_inference()


def numel(input):
    """Number of elements of a tensor."""
    return input.numel()


def broadcast_shapes(*shapes):
    """The shape that shapes broadcast to.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    shapes = [(s,) if isinstance(s, _builtins.int) else s for s in shapes]
    ndim = _builtins.max((len(s) for s in shapes), default=0)
    result = [1] * ndim
    for shape in shapes:
        for i, s in enumerate(shape, ndim - len(shape)):
            if s < 0:
                raise RuntimeError(f"Trying to create tensor with negative dimension ({s}): ({s})")
            if s != 1 and result[i] not in (1, s):
                raise RuntimeError("Shape mismatch: objects cannot be broadcast to a single shape: "
                                   + ", ".join(str(tuple(s)) for s in shapes))
            result[i] = s if result[i] == 1 else result[i]
    return Size(result)


def broadcast_to(input, size):
    """A tensor expanded to a shape, as a view."""
    _functions._need_tensors(input)
    return input.expand(size)


def get_include():
    """Folder for ``cythonize(include_path=[...])``, so that ``from ctorch cimport Tensor`` is found.

    Examples
    --------
    >>> import ctorch, os
    >>> os.path.exists(os.path.join(ctorch.get_include(), "ctorch", "_core.pxd"))
    True
    """
    return _os.path.dirname(_os.path.dirname(_os.path.abspath(__file__)))
