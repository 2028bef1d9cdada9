"""The memory under tensors as objects: bytes, or elements of a dtype."""
import ctorch

__all__ = ["TypedStorage", "UntypedStorage"]


class UntypedStorage:
    """The memory that one or more tensors share, as bytes.

    See https://docs.pytorch.org/docs/stable/storage.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.zeros(2, 3).untyped_storage().nbytes()
    24
    """

    def __init__(self, size=0):
        self._bytes = size if isinstance(size, ctorch.Tensor) else ctorch.zeros(size, dtype=ctorch.uint8, device="cpu")

    @property
    def device(self):
        """Where the memory is."""
        return self._bytes.device

    def nbytes(self):
        """Bytes of memory."""
        return self._bytes.numel() * self.element_size()

    def size(self):
        """Number of elements."""
        return self._bytes.numel()

    def data_ptr(self):
        """Address of the first byte."""
        return self._bytes.data_ptr()

    def element_size(self):
        """Bytes of one element."""
        return self._bytes.element_size()

    def fill_(self, value):
        """In place: every element becomes `value`."""
        self._bytes.fill_(value)
        return self

    def copy_(self, source):
        """In place: take the elements of another storage."""
        self._bytes.copy_(source._bytes)
        return self

    def clone(self):
        """A storage of its own with the same elements."""
        return type(self)(self._bytes.clone())

    def tolist(self):
        """The elements as Python numbers."""
        return self._bytes.tolist()

    def is_shared(self):
        """True where other processes can see the memory."""
        return self._bytes.is_shared()

    def __len__(self):
        return self._bytes.numel()

    def __iter__(self):
        return iter(self.tolist())

    def __getitem__(self, index):
        return type(self)(self._bytes[index]) if isinstance(index, slice) else self._bytes[index].item()

    def __setitem__(self, index, value):
        self._bytes[index] = value

    def __eq__(self, other):
        return (isinstance(other, type(self)) and self.data_ptr() == other.data_ptr()
                and self.nbytes() == other.nbytes())

    def __hash__(self):
        return hash((self.data_ptr(), self.nbytes()))

    def __repr__(self):
        return f"{type(self).__name__}({self.tolist()}, device={self.device})"


class TypedStorage(UntypedStorage):
    """The memory that one or more tensors share, as elements of a dtype."""

    @property
    def dtype(self):
        """Type of the elements."""
        return self._bytes.dtype

    def untyped(self):
        """The same memory as bytes."""
        return self._bytes.untyped_storage()

    def __eq__(self, other):
        return UntypedStorage.__eq__(self, other) and self.dtype == other.dtype

    __hash__ = UntypedStorage.__hash__
