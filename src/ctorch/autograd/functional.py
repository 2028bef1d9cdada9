"""Products with Jacobians and Hessians, and these matrices, of functions given as Python callables."""
import ctorch
from ctorch import _tape
from ctorch._core import Tensor
from ctorch._grad_mode import enable_grad, set_grad_enabled
from ctorch._joining import stack
from ctorch._tape import is_grad_enabled
from ctorch.autograd._gradients import grad, unit_rows

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_OUTPUTS = "outputs of the user-provided function"
_ONE_INPUT = "the input to the user-provided function is a single Tensor with a single element."


# ---- arguments and results

def _tuple_of(given, what, function):
    """Whether a tuple was given, and the tensors as one."""
    several = isinstance(given, tuple)
    tensors = given if several else (given,)
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            place = f"value at index {i}" if several else f"given {what}"
            raise TypeError(f"The {what} given to {function} must be either a Tensor or a tuple of Tensors but the "
                            f"{place} has type {type(x)}.")
    return several, tensors


def _leaves(tensors, create_graph, need_graph):
    """The tensors again, apart from those of the caller; in their graph where it is to go on."""
    found = []
    for x in tensors:
        y = _tape._again(x) if create_graph or not x.requires_grad else _constant(x)
        found.append(y if create_graph and x.requires_grad else y.requires_grad_(need_graph))
    return tuple(found)


def _constant(x):
    # Outside of the graph, with the tangents of forward mode.
    with ctorch.no_grad():
        return _tape._again(x)


def _finished(tensors, create_graph):
    return tensors if create_graph else tuple(_constant(x) for x in tensors)


def _as_given(tensors, several):
    return tuple(tensors) if several else tensors[0]


def _vector(v, like, several, create_graph, function, missing):
    """The vector of a product, checked; None stands for a single 1."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"The vector v can only be None if {missing}")
        return None
    v = _leaves(_tuple_of(v, "v", function)[1], create_graph, False)
    if len(v) != len(like):
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}." if several
                           else "The given v should contain a single Tensor.")
    for i, (x, y) in enumerate(zip(v, like)):
        if x.shape != y.shape:
            raise RuntimeError(f"{f'Entry {i} in ' if several else ''}v has invalid size: should be {y.size()} but got "
                               f"{x.size()}.")
    return v


# ---- strict mode: what must depend on what

_INDEPENDENT = {
    "outputs": "Output {i} of the user-provided function does not require gradients. The outputs must be computed in a "
               "differentiable manner from the input when running in strict mode.",
    "grad_inputs": "The gradient with respect to input {i} is independent of the inputs of the user-provided function. "
                   "This is not allowed in strict mode.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided function with respect to "
                "input {i} is independent of the input. This is not allowed in strict mode. You should ensure that "
                "your function is twice differentiable and that the jacobian depends on the inputs (this would be "
                "violated by a linear function for example).",
}

_MISSING = {
    "back": "The output of the user-provided function is independent of input {i}. This is not allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {i} in the grad_outputs when using "
                  "the double backward trick to compute forward mode gradients. This is not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {i}. This is not allowed in "
                   "strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {i} in the grad_jacobian. "
                         "This is not allowed in strict mode as it prevents from using the double backward trick to "
                         "replace forward mode AD.",
}


def _need_graph(tensors, what, strict):
    for i, x in enumerate(tensors if strict else ()):
        if x is None:
            raise RuntimeError(_MISSING["back"].format(i=i))
        if not x.requires_grad:
            raise RuntimeError(_INDEPENDENT[what].format(i=i))


def _with_zeros(found, like, strict, create_graph, stage):
    """Gradients with zeros for those that are None."""
    full = []
    for i, (g, x) in enumerate(zip(found, like)):
        if strict and g is None:
            raise RuntimeError(_MISSING[stage].format(i=i))
        if strict and create_graph and not g.requires_grad:
            raise RuntimeError(f"The {'hessian' if 'double' in stage else 'jacobian'} of the user-provided function is "
                               f"independent of input {i}. This is not allowed in strict mode when create_graph=True.")
        full.append(ctorch.zeros_like(x.detach()) if g is None else g)
    return tuple(full)


def _gradients(outputs, inputs, seeds=None, create_graph=False, **options):
    # None for all inputs where no output has a graph.
    chosen = [(y, None if seeds is None else seeds[i]) for i, y in enumerate(outputs)
              if y is not None and y.requires_grad]
    if not chosen:
        return (None,) * len(inputs)
    outputs, seeds = zip(*chosen)
    return grad(outputs, inputs, seeds, allow_unused=True, create_graph=create_graph, **options)


def _seeds_like(tensors):
    return tuple(ctorch.zeros_like(x.detach(), requires_grad=True) for x in tensors)


def _single_number(func, function):
    """The outputs of a function for `hessian`, `vhp` and `hvp`, checked to be one number."""
    def checked(inputs, strict):
        several, outputs = _tuple_of(func(*inputs), _OUTPUTS, function)
        _need_graph(outputs, "outputs", strict)
        if several:
            raise RuntimeError(f"The function given to {function} should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single "
                               "element")
        return outputs
    return checked


def _gradient_of_number(func, inputs, v, create_graph, strict, function):
    # What `vhp` and `hvp` begin with.
    several, inputs = _tuple_of(inputs, "inputs", function)
    inputs = _leaves(inputs, create_graph, True)
    v = _vector(v, inputs, several, create_graph, function, _ONE_INPUT)
    outputs = _single_number(func, function)(inputs, strict)
    gradient = _gradients(outputs, inputs, create_graph=True)
    _need_graph(gradient, "jacobian", strict)
    return several, inputs, v, outputs, gradient


# ---- products

def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """The outputs of a function, and the product of a vector with its Jacobian.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple of Tensor
        Where the Jacobian is taken.
    v : Tensor or tuple of Tensor, optional
        The vector, of the outputs' shapes; may be left out where there is one output of one element.
    create_graph : bool
        Record the outputs and the product, for derivatives of them.
    strict : bool
        Raise where the outputs do not depend on an input, instead of giving zeros.

    Returns
    -------
    tuple
        The outputs, and the product in the shapes of the inputs.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.autograd.functional.vjp(lambda x: x ** 2, x, ctorch.tensor([1., 10.]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        several, inputs = _tuple_of(inputs, "inputs", "vjp")
        inputs = _leaves(inputs, create_graph, True)
        several_out, outputs = _tuple_of(func(*inputs), _OUTPUTS, "vjp")
        _need_graph(outputs, "outputs", strict)
        v = _vector(v, outputs, several_out, create_graph, "vjp",
                    "the user-provided function returns a single Tensor with a single element.")
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _with_zeros(_gradients(outputs, inputs, v, create_graph), inputs, strict, create_graph, "back")
    return (_as_given(_finished(outputs, create_graph), several_out),
            _as_given(_finished(found, create_graph), several))


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """The outputs of a function, and the product of its Jacobian with a vector.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html

    By the derivative of the gradient in the gradient of the outputs; `ctorch.func.jvp` runs forward mode.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple of Tensor
        Where the Jacobian is taken.
    v : Tensor or tuple of Tensor, optional
        The vector, of the inputs' shapes; may be left out where there is one input of one element.
    create_graph : bool
        Record the outputs and the product, for derivatives of them.
    strict : bool
        Raise where the outputs do not depend on an input, instead of giving zeros.

    Returns
    -------
    tuple
        The outputs, and the product in their shapes.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.autograd.functional.jvp(lambda x: x.prod(), x, ctorch.tensor([1., 10.]))
    (tensor(2.), tensor(12.))
    """
    with enable_grad():
        several, inputs = _tuple_of(inputs, "inputs", "jvp")
        inputs = _leaves(inputs, create_graph, True)
        v = _vector(v, inputs, several, create_graph, "jvp", _ONE_INPUT)
        several_out, outputs = _tuple_of(func(*inputs), _OUTPUTS, "jvp")
        _need_graph(outputs, "outputs", strict)
        seeds = _seeds_like(outputs)
        back = _gradients(outputs, inputs, seeds, create_graph=True)
        _need_graph(back, "grad_inputs", strict)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _with_zeros(_gradients(back, seeds, v, create_graph), outputs, strict, create_graph, "back_trick")
    return (_as_given(_finished(outputs, create_graph), several_out),
            _as_given(_finished(found, create_graph), several_out))


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """The value of a function of one number, and the product of a vector with its Hessian.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor of one element.
    inputs : Tensor or tuple of Tensor
        Where the Hessian is taken.
    v : Tensor or tuple of Tensor, optional
        The vector, of the inputs' shapes; may be left out where there is one input of one element.
    create_graph : bool
        Record the value and the product, for derivatives of them.
    strict : bool
        Raise where the gradient does not depend on an input, instead of giving zeros.

    Returns
    -------
    tuple
        The value, and the product in the shapes of the inputs.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.autograd.functional.vhp(lambda x: (x ** 3).sum(), x, ctorch.tensor([1., 10.]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        several, inputs, v, outputs, gradient = _gradient_of_number(func, inputs, v, create_graph, strict, "vhp")
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _with_zeros(_gradients(gradient, inputs, v, create_graph), inputs, strict, create_graph, "double_back")
    return _finished(outputs, create_graph)[0], _as_given(_finished(found, create_graph), several)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """The value of a function of one number, and the product of its Hessian with a vector.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html

    The Hessian being symmetric, this is what the quicker `vhp` gives, wherever the function is twice differentiable.

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor of one element.
    inputs : Tensor or tuple of Tensor
        Where the Hessian is taken.
    v : Tensor or tuple of Tensor, optional
        The vector, of the inputs' shapes; may be left out where there is one input of one element.
    create_graph : bool
        Record the value and the product, for derivatives of them.
    strict : bool
        Raise where the gradient does not depend on an input, instead of giving zeros.

    Returns
    -------
    tuple
        The value, and the product in the shapes of the inputs.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.autograd.functional.hvp(lambda x: (x ** 3).sum(), x, ctorch.tensor([1., 10.]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        several, inputs, v, outputs, gradient = _gradient_of_number(func, inputs, v, create_graph, strict, "hvp")
        seeds = _seeds_like(inputs)
        back = _gradients(gradient, inputs, seeds, create_graph=True)
    with set_grad_enabled(create_graph or is_grad_enabled()):
        found = _with_zeros(_gradients(back, seeds, v, create_graph), inputs, strict, create_graph,
                            "double_back_trick")
    return _finished(outputs, create_graph)[0], _as_given(_finished(found, create_graph), several)


# ---- whole matrices

def _nested(rows, several_out, several):
    # A tuple of tuples, one for each output, without the levels that were not asked for.
    rows = [_as_given(row, several) for row in rows]
    return _as_given(rows, several_out)


def _by_columns(func, inputs, strict, vectorize):
    """Forward mode: all columns at once."""
    if strict:
        raise RuntimeError('torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not '
                           "supported together (yet). Please either set `strict=False` or "
                           '`strategy="reverse-mode"`.')
    several, inputs = _tuple_of(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError("Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
                                  "only implemented for `vectorize=True`.")
    from ctorch.func import jvp as along
    from ctorch.func import vmap
    known = {}

    def column(*directions):
        def of_tuple(*values):
            known["several"], outputs = _tuple_of(func(*values), _OUTPUTS, "jacobian")
            return outputs
        outputs, found = along(of_tuple, inputs, directions)
        known["shapes"] = [y.shape for y in outputs]
        return found

    columns = vmap(column)(*unit_rows(inputs))
    sizes = [x.numel() for x in inputs]
    rows = [[part.movedim(0, -1).reshape(*shape, *x.shape) for part, x in zip(block.split(sizes, 0), inputs)]
            for block, shape in zip(columns, known["shapes"])]
    return _nested(rows, known["several"], several)


def _rows_at_once(outputs, inputs, create_graph):
    flat = tuple(y.reshape(-1) for y in outputs)
    sizes = [y.numel() for y in outputs]
    found = _gradients(flat, inputs, unit_rows(flat), create_graph, is_grads_batched=True)
    found = [ctorch.zeros_like(x.detach()).expand(sum(sizes), *x.shape) if g is None else g
             for g, x in zip(found, inputs)]
    columns = [[part.reshape(*y.shape, *x.shape) for part, y in zip(g.split(sizes, 0), outputs)]
               for g, x in zip(found, inputs)]
    return [list(row) for row in zip(*columns)]


def _row_by_row(i, y, inputs, create_graph, strict):
    rows = [[] for _ in inputs]
    for element in y.reshape(-1).unbind():
        found = _gradients((element,), inputs, create_graph=create_graph, retain_graph=True)
        for k, (row, g, x) in enumerate(zip(rows, found, inputs)):
            if strict and g is None:
                raise RuntimeError(f"Output {i} of the user-provided function is independent of input {k}. This is "
                                   "not allowed in strict mode.")
            if strict and create_graph and not g.requires_grad:
                raise RuntimeError(f"The jacobian of the user-provided function is independent of input {i}. This is "
                                   "not allowed in strict mode when create_graph=True.")
            row.append(ctorch.zeros_like(x.detach()) if g is None else g)
    return [stack(row).reshape(*y.shape, *x.shape) if row else x.detach().new_zeros(*y.shape, *x.shape)
            for row, x in zip(rows, inputs)]


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The Jacobian of a function.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jacobian.html

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor or a tuple of tensors.
    inputs : Tensor or tuple of Tensor
        Where the Jacobian is taken.
    create_graph : bool
        Record the Jacobian, for derivatives of it; in reverse mode.
    strict : bool
        Raise where an output does not depend on an input, instead of giving zeros; in reverse mode.
    vectorize : bool
        Work out all rows, or columns, at once.
    strategy : {"reverse-mode", "forward-mode"}
        Row by row or column by column, of which the second needs `vectorize`.

    Returns
    -------
    Tensor or tuple
        The shape of an output, followed by that of an input; a tuple where there is one of outputs or of inputs, and
        tuples in a tuple where both are.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.autograd.functional.jacobian(lambda x: x * x.sum(), x)
    tensor([[4., 1.],
            [2., 5.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function '
                             'has more outputs than inputs, "forward-mode" tends to be more performant. Otherwise, '
                             'prefer to use "reverse-mode".')
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError("torch.autograd.functional.jacobian: `create_graph=True` and "
                                      '`strategy="forward-mode"` are not supported together (yet). Please either set '
                                      '`create_graph=False` or `strategy="reverse-mode"`.')
        return _by_columns(func, inputs, strict, vectorize)
    with enable_grad():
        several, inputs = _tuple_of(inputs, "inputs", "jacobian")
        inputs = _leaves(inputs, create_graph, True)
        several_out, outputs = _tuple_of(func(*inputs), _OUTPUTS, "jacobian")
        _need_graph(outputs, "outputs", strict)
        if vectorize:
            if strict:
                raise RuntimeError("torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
                                   "supported together. Please either set `strict=False` or `vectorize=False`.")
            rows = _rows_at_once(outputs, inputs, create_graph)
        else:
            rows = [_row_by_row(i, y, inputs, create_graph, strict) for i, y in enumerate(outputs)]
        return _nested([_finished(row, create_graph) for row in rows], several_out, several)


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The Hessian of a function of one number.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hessian.html

    Parameters
    ----------
    func : callable
        Takes the inputs; returns a tensor of one element.
    inputs : Tensor or tuple of Tensor
        Where the Hessian is taken.
    create_graph : bool
        Record the Hessian, for derivatives of it; in reverse mode.
    strict : bool
        Raise where the gradient does not depend on an input, instead of giving zeros; in reverse mode.
    vectorize : bool
        Work out all rows, or columns, at once.
    outer_jacobian_strategy : {"reverse-mode", "forward-mode"}
        How the gradient is differentiated, of which the second needs `vectorize`.

    Returns
    -------
    Tensor or tuple of tuple of Tensor
        The shape of an input, followed by that of an input; tuples in a tuple where there is one of inputs.

    Examples
    --------
    >>> import ctorch
    >>> x = ctorch.tensor([1., 2.])
    >>> ctorch.autograd.functional.hessian(lambda x: x[0] * x[1] ** 2, x)
    tensor([[0., 4.],
            [4., 2.]])
    """
    several, inputs = _tuple_of(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    value = _single_number(func, "hessian")

    def gradient(*values):
        if outer_jacobian_strategy == "forward-mode":
            values = tuple(x.requires_grad_() for x in values)
        found = jacobian(lambda *x: value(x, strict)[0].squeeze(), values, create_graph=True)
        _need_graph(found, "jacobian", strict)
        return found

    found = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if several else found[0][0]
