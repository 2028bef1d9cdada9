"""Layouts of tensors, and the orders in which their elements may lie in memory."""

__all__ = ["channels_last", "channels_last_3d", "contiguous_format", "layout", "memory_format", "preserve_format",
           "strided"]


class memory_format:
    """The order of a tensor's elements in memory, such as ``ctorch.channels_last``.

    See https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch-memory-format

    Examples
    --------
    >>> import ctorch
    >>> ctorch.zeros(1, 2, 3, 4).contiguous(memory_format=ctorch.channels_last).stride()
    (24, 1, 8, 2)
    """

    def __init__(self, name, ndim=0):
        self.name, self.ndim = name, ndim    # ndim: the only number of dimensions that has channels last

    def __repr__(self):
        return f"torch.{self.name}"

    def __reduce__(self):
        return self.name


memory_format.__module__ = "ctorch"
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last", 4)
channels_last_3d = memory_format("channels_last_3d", 5)


def preserves(format):
    """Whether a memory format is that of the tensor itself.

    Raises
    ------
    TypeError
        If it is none.
    """
    if not isinstance(format, memory_format):
        raise TypeError(f"argument 'memory_format' must be torch.memory_format, not {type(format).__name__}")
    return format is preserve_format


class layout:
    """How the elements of a tensor are stored; ctorch has ``ctorch.strided`` alone."""

    def __repr__(self):
        return "torch.strided"

    def __reduce__(self):
        return "strided"


layout.__module__ = "ctorch"
strided = layout()
