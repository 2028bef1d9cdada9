"""Embedding: rows of a table by index."""
import ctorch

from .. import functional as F
from .. import init
from ..parameter import Parameter
from .module import Module

__all__ = ["Embedding"]


class Embedding(Module):
    """Table of vectors, looked up by integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Number and size of the vectors.
    padding_idx : int, optional
        Row that is zero at first and gets no gradient.
    max_norm, norm_type, scale_grad_by_freq, sparse
        PyTorch's further options; only the defaults are available.
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
        for name, value in (
            ("max_norm", max_norm),
            ("scale_grad_by_freq", scale_grad_by_freq),
            ("sparse", sparse),
        ):
            if value:
                raise NotImplementedError(f"Embedding: {name}={value} is not available")
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
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self):
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        return text

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
