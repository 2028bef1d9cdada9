"""The type of a tensor's shape; that its slices are shapes, `_core` sees to without a call of Python."""


class Size(tuple):
    """Shape of a tensor: a tuple that says its number of elements.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.zeros(2, 3).shape
    torch.Size([2, 3])
    """

    __slots__ = ()

    def numel(self):
        """Product of the sizes."""
        n = 1
        for s in self:
            n *= s
        return n

    def __repr__(self):
        return f"torch.Size({list(self)})"

    def __add__(self, other):
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple(self) + tuple(other))

    def __reduce__(self):
        return (Size, (tuple(self),))
