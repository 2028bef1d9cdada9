"""Where backward begins: roots and the gradients that they start with are checked, then the tape is walked."""
from cpython.object cimport PyObject
from cpython.sequence cimport PySequence_Fast_ITEMS

from ctorch._dispatch cimport *
from ctorch._dtype cimport *
from ctorch._factories cimport fill_number
from ctorch._tape cimport grad_fn_of, run_backward
from ctorch._tensor cimport *

from ctorch._size import Size


cdef TensorBase default_gradient(TensorBase root):
    cdef TensorBase g
    if root.numel != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    if category_of[root.dtype] == CATEGORY_COMPLEX:
        raise RuntimeError("grad can be implicitly created only for real scalar outputs but got "
                           f"torch.{dtype_name(root.dtype).decode()}")
    g = tensor_empty_at(root, root.dtype, root.ndim, root.shape)
    if root.dtype == FLOAT32 and root.device == DEVICE_CPU:
        (<float*>g.data)[0] = 1
    else:
        fill_number(g, 1)
    return g


cdef TensorBase checked_gradient(TensorBase root, object gradient):
    if gradient is None:
        return default_gradient(root)
    if not isinstance(gradient, TensorBase):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
    if not same_shape(root, <TensorBase>gradient):
        raise RuntimeError(f"Mismatch in shape: grad_output[0] has a shape of "
                           f"{Size(shape_tuple(<TensorBase>gradient))} "
                           f"and output[0] has a shape of {Size(shape_tuple(root))}.")
    return cast_to(<TensorBase>gradient, root.dtype)


cdef TensorBase checked_root(object root, int i):
    if not isinstance(root, TensorBase):
        raise TypeError(f"backward(): argument 'tensors' must be Tensors, but got {type(root).__name__} at {i}")
    if not wants_grad(<TensorBase>root):
        raise RuntimeError(f"element {i} of tensors does not require grad and does not have a grad_fn")
    return <TensorBase>root


cdef list checked_seeds(list roots, list gradients):
    cdef int i
    return [checked_gradient(checked_root(roots[i], i), gradients[i]) for i in range(<int>len(roots))]


cdef int backward_from(TensorBase root, object gradient, bint retain_graph, bint create_graph, object inputs) except -1:
    """Walk back from one tensor into ``.grad``."""
    cdef TensorBase given = checked_gradient(checked_root(root, 0), gradient)
    cdef PyObject* start = <PyObject*>root
    cdef PyObject* seed = <PyObject*>given
    return into_grad(&start, &seed, 1, retain_graph, create_graph, inputs)


cdef int into_grad(PyObject** roots, PyObject** seeds, Py_ssize_t n, bint retain_graph, bint create_graph,
                   object inputs) except -1:
    if inputs is not None:
        inputs = [inputs] if isinstance(inputs, TensorBase) else list(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for x in inputs:
            if not wants_grad(<TensorBase?>x) or grad_fn_of(<TensorBase>x) is not None:
                x.retain_grad()              # raises where x wants no gradient
    run_backward(roots, seeds, n, retain_graph, create_graph, inputs, True)
    return 0


def _backward(tensors, grad_tensors, bint retain_graph, bint create_graph, inputs):
    """Walk back from several tensors into ``.grad``."""
    cdef list roots = list(tensors)
    cdef list seeds = checked_seeds(roots, list(grad_tensors))
    into_grad(PySequence_Fast_ITEMS(roots), PySequence_Fast_ITEMS(seeds), len(roots), retain_graph, create_graph,
              inputs)


def _grad(outputs, inputs, grad_outputs, bint retain_graph, bint create_graph):
    """Gradients of outputs with respect to inputs; None where there is no path."""
    cdef list roots = list(outputs)
    cdef list seeds = checked_seeds(roots, list(grad_outputs))
    for x in inputs:
        if not wants_grad(<TensorBase?>x):
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    return run_backward(PySequence_Fast_ITEMS(roots), PySequence_Fast_ITEMS(seeds), len(roots), retain_graph,
                        create_graph, list(inputs))
