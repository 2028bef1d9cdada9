"""Text of tensors, as ``print`` and ``repr`` show them: PyTorch's rules of width, precision, summaries."""
import contextlib
import dataclasses
import math

from ctorch import _core
from ctorch._batched import is_batched, levels, open_levels
from ctorch._dtype import get_default_dtype
from ctorch._grad_mode import no_grad

__all__ = ["get_printoptions", "printoptions", "set_printoptions", "tensor_repr"]


@dataclasses.dataclass
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_options = _Options()
_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None,
                     sci_mode=None):
    """Set how tensors are printed.

    See https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html

    Parameters
    ----------
    precision : int, optional
        Digits after the point; 4 unless changed.
    threshold : int, optional
        Tensors of more elements are summarised; 1000 unless changed.
    edgeitems : int, optional
        Elements shown at each end of a summarised dimension; 3 unless changed.
    linewidth : int, optional
        Characters per line; 80 unless changed.
    profile : {"default", "short", "full"}, optional
        A set of values for the above, which may still be given one by one.
    sci_mode : bool, optional
        Always or never use scientific notation; by default it depends on the values.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.set_printoptions(precision=2)
    >>> ctorch.tensor([1.12345])
    tensor([1.12])
    >>> ctorch.set_printoptions(profile="default")
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    chosen = {name: value for name, value in given.items() if value is not None}
    for name, value in {**_PROFILES.get(profile, {}), **chosen}.items():
        setattr(_options, name, value)
    _options.sci_mode = sci_mode


def get_printoptions():
    """The options of printing, as a dict that ``set_printoptions(**options)`` takes."""
    return dataclasses.asdict(_options)


@contextlib.contextmanager
def printoptions(**options):
    """Other options inside of a with block; the arguments are those of `set_printoptions`."""
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_repr(x):
    """Text of a tensor with all that differs from the defaults: dtype, device, size, grad_fn.

    Parameters
    ----------
    x : Tensor
        The tensor to show.

    Returns
    -------
    str
        What PyTorch prints for the same tensor.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.arange(3.)
    tensor([0., 1., 2.])
    """
    if is_batched(x):
        return _batched_text(x)
    prefix, wrap = _prefix(x)
    indent = len(prefix)
    with no_grad():
        text = prefix + _values_text(x.detach(), indent)
    text = _with_suffixes(text, _suffixes(x), indent)
    return wrap.format(text)


def _batched_text(x):
    # Inside of vmap all examples are shown, with the innermost level that they belong to.
    from ctorch._levels import leave_dim
    number, size = levels(x)[-1]
    opened = [n for n, _, _ in open_levels()]
    lines = tensor_repr(leave_dim(x.detach(), number, size, 0)).split("\n")
    level = opened.index(number) + 1 if number in opened else number
    return "\n".join([f"BatchedTensor(lvl={level}, bdim=0, value=", *(f"    {line}" for line in lines), ")"])


def _prefix(x):
    if type(x) is _core.Tensor:
        return "tensor(", "{}"
    from ctorch.nn.parameter import Buffer, Parameter
    if type(x) in (Parameter, Buffer):
        return "tensor(", "{}"
    return f"{type(x).__name__}(", "Parameter({})" if isinstance(x, Parameter) else "{}"


# ---- what follows the values

def _suffixes(x):
    shown = []
    default = get_default_dtype()
    if x.device.type != "cpu":
        shown.append(f"device='{x.device}'")
    if x.numel() == 0:
        # an empty list would be read as a one-dimensional tensor of the default dtype
        if x.dim() != 1:
            shown.append(f"size={tuple(x.shape)}")
        implied = x.dtype == default
    else:
        if not _options.edgeitems:
            shown.append(f"size={tuple(x.shape)}")
        complex_default = "complex128" if default.name == "float64" else "complex64"
        implied = x.dtype == default or x.dtype.name in ("int64", "bool", complex_default)
    if not implied:
        shown.append(f"dtype={x.dtype}")
    node = x.grad_fn
    if node is not None:
        shown.append(f"grad_fn=<{_node_name(node)}>")
    elif x.requires_grad:
        shown.append("requires_grad=True")
    return shown


def _node_name(node):
    name = getattr(node, "name", None)
    return name().rsplit("::", 1)[-1] if callable(name) else type(node).__name__


def _with_suffixes(text, suffixes, indent):
    length = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            length = indent + len(suffix)
        else:
            text += ", " + suffix
            length += len(suffix) + 2
    return text + ")"


# ---- values

def _values_text(x, indent):
    if x.numel() == 0:
        return "[]"
    summarise = x.numel() > _options.threshold
    values = _edges(x) if summarise else x.tolist()
    flat = _flatten(values, x.dim())
    if x.is_complex():
        entry = _ComplexFormat(flat)
    elif x.is_floating_point():
        entry = _FloatFormat(flat)
    else:
        entry = _ExactFormat(flat)
    return _block(values, x.shape, indent, summarise, entry)


def _edges(x):
    # Nested lists of the elements that a summary shows; the others never become Python objects.
    n, edge = x.size(0), _options.edgeitems
    if n <= 2 * edge:
        return x.tolist() if x.dim() == 1 else [_edges(row) for row in x]
    if edge == 0:
        return []
    if x.dim() == 1:
        return x[:edge].tolist() + x[n - edge:].tolist()
    return [_edges(x[i]) for i in (*range(edge), *range(n - edge, n))]


def _flatten(values, ndim):
    if ndim == 0:
        return [values]
    for _ in range(ndim - 1):
        values = [v for row in values for v in row]
    return values


def _block(values, shape, indent, summarise, entry):
    # Brackets around the rows of one dimension; the last dimension is wrapped to the line's width.
    if not shape:
        return entry(values)
    edge = _options.edgeitems
    shortened = summarise and shape[0] > 2 * edge
    if len(shape) == 1:
        items = [entry(v) for v in values]
        if shortened:
            items[edge:edge] = [" ..." if edge else "..."]
        per_line = max(1, (_options.linewidth - indent) // (entry.width + 2))
        lines = [", ".join(items[i:i + per_line]) for i in range(0, len(items), per_line)]
        separator = ",\n"
    else:
        lines = [_block(row, shape[1:], indent + 1, summarise, entry) for row in values]
        if shortened:
            lines[edge:edge] = ["..."]
        separator = "," + "\n" * (len(shape) - 1)
    return "[" + (separator + " " * (indent + 1)).join(lines) + "]"


class _ExactFormat:
    """Integers and booleans, to a common width."""

    def __init__(self, values):
        self.width = max((len(str(v)) for v in values), default=1)

    def __call__(self, value):
        return str(value).rjust(self.width)


class _FloatFormat:
    """Floats in one of three styles: whole numbers as ``1.``, fixed point or scientific.

    The style and width come from the finite values other than zero.
    """

    def __init__(self, values):
        telling = [v for v in values if v != 0 and math.isfinite(v)]
        self.style, self.width = "whole", 1
        if not telling:
            return
        whole = all(v == math.floor(v) for v in telling)
        if _options.sci_mode if _options.sci_mode is not None else _spread(telling):
            self.style = "scientific"
        elif not whole:
            self.style = "fixed"
        self.width = max(len(self.text(v)) for v in telling)

    def text(self, value):
        if self.style == "scientific":
            return f"{value:.{_options.precision}e}"
        if self.style == "fixed":
            return f"{value:.{_options.precision}f}"
        return f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"

    def __call__(self, value):
        return self.text(value).rjust(self.width)


def _spread(values):
    # Too large, too small or too far apart for fixed point.
    sizes = [abs(v) for v in values]
    small, large = min(sizes), max(sizes)
    return large / small > 1000.0 or large > 1.0e8 or small < 1.0e-4


class _ComplexFormat:
    """Real and imaginary parts, each in its own style."""

    def __init__(self, values):
        self.real = _FloatFormat([v.real for v in values])
        self.imag = _FloatFormat([v.imag for v in values])
        self.width = self.real.width + self.imag.width + 1

    def __call__(self, value):
        imag = self.imag(value.imag).lstrip() + "j"
        return self.real(value.real) + ("" if imag[0] in "+-" else "+") + imag
