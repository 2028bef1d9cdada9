"""Embedding: rows of a table by index."""
import ctorch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["Embedding", "EmbeddingBag"]


def _options(layer):
    """The text of the options that are not at their defaults."""
    text = ""
    if layer.padding_idx is not None:
        text += f", padding_idx={layer.padding_idx}"
    if layer.max_norm is not None:
        text += f", max_norm={layer.max_norm}"
    if layer.norm_type != 2:
        text += f", norm_type={layer.norm_type}"
    if layer.scale_grad_by_freq is not False:
        text += f", scale_grad_by_freq={layer.scale_grad_by_freq}"
    return text + (", sparse=True" if layer.sparse is not False else "")


class Embedding(Module):
    """Table of vectors, looked up by integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number and size of the vectors.
    padding_idx : int, optional
        Row that is zero at first and gets no gradient.
    max_norm, norm_type, scale_grad_by_freq, sparse
        See `ctorch.nn.functional.embedding`.
    device, dtype : optional
        Of the table.

    Examples
    --------
    >>> import ctorch
    >>> table = ctorch.nn.Embedding(10, 3)
    >>> table(ctorch.tensor([[1, 2], [4, 3]])).shape
    torch.Size([2, 2, 3])
    """

    def __init__(
        self,
        num_embeddings,
        embedding_dim,
        padding_idx=None,
        max_norm=None,
        norm_type=2.0,
        scale_grad_by_freq=False,
        sparse=False,
        _weight=None,
        _freeze=False,
        device=None,
        dtype=None,
    ):
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = padding_idx
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        if _weight is None:
            self.weight = Parameter(ctorch.empty((num_embeddings, embedding_dim), device=device, dtype=dtype),
                                    requires_grad=not _freeze)
            self.reset_parameters()
        else:
            if list(_weight.shape) != [num_embeddings, embedding_dim]:
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight, requires_grad=not _freeze)
        self.sparse = sparse

    def reset_parameters(self):
        """Draw new vectors."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with ctorch.no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(self, input):
        return F.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type,
                           self.scale_grad_by_freq, self.sparse)

    def extra_repr(self):
        return f"{self.num_embeddings}, {self.embedding_dim}" + _options(self)

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, padding_idx=None, max_norm=None, norm_type=2.0,
                        scale_grad_by_freq=False, sparse=False):
        """Make an Embedding of a given table.

        Parameters
        ----------
        embeddings : Tensor
            Of shape ``(num_embeddings, embedding_dim)``.
        freeze : bool
            Whether the table is left out of training.
        padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
            As in `Embedding`.

        Examples
        --------
        >>> import ctorch
        >>> ctorch.nn.Embedding.from_pretrained(ctorch.eye(3))(ctorch.tensor([2]))
        tensor([[0., 0., 1.]])
        """
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        return cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )


class EmbeddingBag(Module):
    """Sum, mean or maximum of the vectors of each bag of integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number and size of the vectors.
    max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset, padding_idx
        See `ctorch.nn.functional.embedding_bag`.
    device, dtype : optional
        Of the table.

    Examples
    --------
    >>> import ctorch
    >>> bags = ctorch.nn.EmbeddingBag(10, 3, mode="sum")
    >>> bags(ctorch.tensor([1, 2, 4]), ctorch.tensor([0, 2])).shape
    torch.Size([2, 3])
    """

    def __init__(self, num_embeddings, embedding_dim, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
                 mode="mean", sparse=False, _weight=None, include_last_offset=False, padding_idx=None, device=None,
                 dtype=None):
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        self.padding_idx = padding_idx
        if _weight is None:
            self.weight = Parameter(ctorch.empty((num_embeddings, embedding_dim), device=device, dtype=dtype))
            self.reset_parameters()
        else:
            if list(_weight.shape) != [num_embeddings, embedding_dim]:
                raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
            self.weight = Parameter(_weight)

    def reset_parameters(self):
        """Draw new vectors."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with ctorch.no_grad():
                self.weight[self.padding_idx].fill_(0)

    def forward(self, input, offsets=None, per_sample_weights=None):
        return F.embedding_bag(input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq,
                               self.mode, self.sparse, per_sample_weights, self.include_last_offset,
                               self.padding_idx)

    def extra_repr(self):
        return f"{self.num_embeddings}, {self.embedding_dim}" + _options(self) + f", mode={self.mode!r}"

    @classmethod
    def from_pretrained(cls, embeddings, freeze=True, max_norm=None, norm_type=2.0, scale_grad_by_freq=False,
                        mode="mean", sparse=False, include_last_offset=False, padding_idx=None):
        """Make an EmbeddingBag of a given table.

        Parameters
        ----------
        embeddings : Tensor
            Of shape ``(num_embeddings, embedding_dim)``.
        freeze : bool
            Whether the table is left out of training.
        max_norm, norm_type, scale_grad_by_freq, mode, sparse, include_last_offset, padding_idx
            As in `EmbeddingBag`.

        Examples
        --------
        >>> import ctorch
        >>> ctorch.nn.EmbeddingBag.from_pretrained(ctorch.eye(3))(ctorch.tensor([[2, 2]]))
        tensor([[0., 0., 1.]])
        """
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        bags = cls(*embeddings.shape, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings,
                   include_last_offset, padding_idx)
        bags.weight.requires_grad = not freeze
        return bags
