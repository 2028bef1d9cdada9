"""Parameters as one vector and back."""
import ctorch

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters):
    """Join parameters into one vector.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.nn.utils.parameters_to_vector([ctorch.zeros(2, 2), ctorch.ones(1)])
    tensor([0., 0., 0., 0., 1.])
    """
    return ctorch.cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec, parameters):
    """Make the parameters views of consecutive pieces of the vector `vec`.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.nn.Parameter(ctorch.zeros(2))
    >>> ctorch.nn.utils.vector_to_parameters(ctorch.tensor([1.0, 2.0]), [w])
    >>> w.detach()
    tensor([1., 2.])
    """
    if not isinstance(vec, ctorch.Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
