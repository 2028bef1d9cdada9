"""Gradients of what pooling chose."""
from ctorch import _functions as _f


def pooled_places(g, indices):
    """The elements of g at the places that max pooling chose, plane by plane."""
    planes = indices.shape[:-2]
    flat = _f.gather(g.reshape(*planes, -1), len(planes), indices.reshape(*planes, -1))
    return flat.reshape(indices.shape)


def volume_places(g, indices):
    """The elements of g at the places that pooling of volumes chose."""
    planes = indices.shape[:-3]
    flat = _f.gather(g.reshape(*planes, -1), len(planes), indices.reshape(*planes, -1))
    return flat.reshape(indices.shape)
