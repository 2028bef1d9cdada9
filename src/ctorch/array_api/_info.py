"""What the namespace offers: dtypes, devices, capabilities."""
import ctorch

from ._data_types import KINDS

__all__ = ["__array_namespace_info__"]

MAX_DIMENSIONS = 64


class __array_namespace_info__:                # the standard's name
    """What the namespace offers.

    Examples
    --------
    >>> import ctorch
    >>> info = ctorch.array_api.__array_namespace_info__()
    >>> info.default_dtypes()["indexing"]
    torch.int64
    """

    def capabilities(self):
        """Which optional behaviours there are."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": MAX_DIMENSIONS}

    def default_device(self):
        """Where tensors are made unless said otherwise."""
        return ctorch.get_default_device()

    def default_dtypes(self, *, device=None):
        """Dtypes of tensors made without one, by purpose."""
        real = ctorch.get_default_dtype()
        return {"real floating": real, "complex floating": real.to_complex(), "integral": ctorch.int64,
                "indexing": ctorch.int64}

    def dtypes(self, *, device=None, kind=None):
        """The standard's dtypes by name, all or of a kind or a tuple of kinds."""
        if kind is None:
            names = KINDS["bool"] + KINDS["numeric"]
        elif isinstance(kind, tuple):
            names = [name for one in kind for name in self.dtypes(kind=one)]
        elif kind in KINDS:
            names = KINDS[kind]
        else:
            raise ValueError(f"dtypes: kind is one of {', '.join(map(repr, KINDS))}, None or a tuple of them, got "
                             f"{kind!r}")
        return {name: getattr(ctorch, name) for name in names}

    def devices(self):
        """All devices."""
        places = [ctorch.device("cpu")]
        if ctorch.cuda.is_available():
            places += [ctorch.device("cuda", i) for i in range(ctorch.cuda.device_count())]
        return places
