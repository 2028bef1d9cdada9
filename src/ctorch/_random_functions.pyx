"""Random tensors and in-place fills, from the streams of a Generator."""
import sys

from libc.math cimport sqrt
from libc.stdint cimport int64_t

from ctorch._accelerator cimport backend, check_one_device
from ctorch._batched cimport (Levels, batched_like, levels_of, place_of_batch, random_levels, real_tensor, refuse_same,
                              wrapped)
from ctorch._device cimport place_of
from ctorch._dispatch cimport check_inplace, contiguous
from ctorch._dtype cimport *
from ctorch._factories cimport finish
from ctorch._iterator cimport copy_data
from ctorch._random cimport (E_BFLOAT16, E_BOOL, E_FLOAT16, E_FLOAT32, E_FLOAT64, E_INT8, E_INT16, E_INT32, E_INT64,
                             E_UINT8, E_UINT16, E_UINT32, E_UINT64, Element, Generator, default_generator,
                             bernoulli_each, check_multinomial, exponential, geometric, log_normal, normal,
                             random_range, uniform)
from ctorch._random cimport binomial as c_binomial
from ctorch._random cimport cauchy as c_cauchy
from ctorch._random cimport poisson as c_poisson
from ctorch._random cimport bernoulli as c_bernoulli
from ctorch._random cimport dropout_mask as c_dropout_mask
from ctorch._random cimport multinomial as c_multinomial
from ctorch._random cimport random as c_random
from ctorch._random cimport randperm as c_randperm
from ctorch._shape cimport need_int, parse_sizes, unpack_sizes
from ctorch._tensor cimport *

import ctorch._random as random_module
from ctorch import _factories as factories
from ctorch import _functions as functions
from ctorch._views import resize


cdef Element element_of(int dtype, str op) except *:
    if dtype == FLOAT32:
        return E_FLOAT32
    if dtype == FLOAT64:
        return E_FLOAT64
    if dtype == FLOAT16:
        return E_FLOAT16
    if dtype == BFLOAT16:
        return E_BFLOAT16
    if dtype == INT64:
        return E_INT64
    if dtype == INT32:
        return E_INT32
    if dtype == INT16:
        return E_INT16
    if dtype == INT8:
        return E_INT8
    if dtype == UINT8:
        return E_UINT8
    if dtype == UINT16:
        return E_UINT16
    if dtype == UINT32:
        return E_UINT32
    if dtype == UINT64:
        return E_UINT64
    if dtype == BOOL:
        return E_BOOL
    raise NotImplementedError(f"{op}: not implemented for device 'cpu' and dtype {dtype_name(dtype).decode()}")


cdef Generator the(object generator):
    if generator is None:
        return default_generator()
    return <Generator?>generator


cdef TensorBase new(object size, object dtype, object device, str op, int fallback):
    cdef int64_t shape[MAX_DIMS]
    cdef int n = parse_sizes(size, shape, op), index = place_of(device, op)
    cdef TensorBase t = tensor_empty_on(DEVICE_CPU if index < 0 else DEVICE_CUDA, index,
                                        fallback if dtype is None else as_dtype(dtype, op), n, shape)
    return for_examples(t, None)


cdef TensorBase for_examples(TensorBase t, TensorBase input):
    # t, or memory like it for numbers of each example, where vmap says so; they may depend on an input.
    cdef Levels levels = random_levels(input, False)
    return t if levels is None else batched_like(levels, t, t.dtype, t.ndim, t.shape, NULL)


cdef TensorBase drawn_for(TensorBase x, int dtype):
    # Memory for numbers in x's shape.
    cdef Levels levels = random_levels(x, False)
    cdef int index, device
    if levels is not None:
        return batched_like(levels, x, dtype, x.ndim, x.shape, NULL)
    if x.device != DEVICE_BATCHED:
        return in_order_of(x, dtype)
    device = place_of_batch(x, &index)
    return tensor_empty_on(device, index, dtype, x.ndim, x.shape)


cdef TensorBase beside(TensorBase y, TensorBase x, int dtype):
    # x as real dense memory, one element for each that is drawn into y.
    cdef TensorBase real = real_tensor(y), q = in_order_of(real, dtype)
    copy_data(wrapped(q, levels_of(y)) if y.device == DEVICE_BATCHED else q, x)
    return q


cdef bint drawn(TensorBase t, str kind, tuple parameters, object generator) except *:
    # Tensors on a CUDA device are filled there, from that device's stream of numbers.
    if t.device == DEVICE_CPU:
        return False
    backend().draw(kind, t, parameters, generator)
    return True


cdef object given(object out, TensorBase t):
    # t, or `out` with t's numbers in it.
    if out is None:
        return t
    if out.dtype != dtype_object(t.dtype):
        raise RuntimeError(f"Expected out tensor to have dtype {dtype_object(t.dtype)}, but got {out.dtype} instead")
    if tuple(out.shape) != shape_tuple(t):
        resize(out, shape_tuple(t))
    return out.copy_(t)


cdef object dtype_like(object dtype, object out):
    return out.dtype if dtype is None and out is not None else dtype


cdef int only_floats(TensorBase t, str op) except -1:
    if category_of[t.dtype] != CATEGORY_FLOAT:
        raise NotImplementedError(f"\"{op}\" not implemented for '{dtype_title(t.dtype)}'")
    return 0


cdef bint is_complex(TensorBase t):
    # Complex tensors are filled as the pairs of numbers that they are.
    return category_of[t.dtype] == CATEGORY_COMPLEX


def rand(*size, generator=None, dtype=None, device=None, requires_grad=False, out=None, layout=None, pin_memory=False):
    """Uniform numbers in [0, 1).

    See https://docs.pytorch.org/docs/stable/generated/torch.rand.html

    Examples
    --------
    >>> import ctorch
    >>> _ = ctorch.manual_seed(0)
    >>> ctorch.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """
    cdef TensorBase t = new(unpack_sizes(size), dtype_like(dtype, out), device, "rand", default_dtype())
    cdef TensorBase all
    if is_complex(t):
        return given(out, finish(uniform_(t, 0, 1, generator), requires_grad, layout, pin_memory))
    only_floats(t, "rand")
    all = real_tensor(t)
    if not drawn(all, "uniform", (0, 1), generator):
        uniform(the(generator), element_of(t.dtype, "rand"), all.data, all.numel, 0, 1)
    return given(out, finish(t, requires_grad, layout, pin_memory))


def randn(*size, generator=None, dtype=None, device=None, requires_grad=False, out=None, layout=None,
          pin_memory=False):
    """Normal numbers of mean 0 and standard deviation 1.

    See https://docs.pytorch.org/docs/stable/generated/torch.randn.html
    """
    cdef TensorBase t = new(unpack_sizes(size), dtype_like(dtype, out), device, "randn", default_dtype())
    cdef TensorBase all
    if is_complex(t):
        return given(out, finish(normal_(t, 0, 1, generator), requires_grad, layout, pin_memory))
    only_floats(t, "randn")
    all = real_tensor(t)
    if not drawn(all, "normal", (0, 1), generator):
        normal(the(generator), element_of(t.dtype, "randn"), all.data, all.numel, 0, 1)
    return given(out, finish(t, requires_grad, layout, pin_memory))


def randint(*args, size=None, low=None, high=None, generator=None, dtype=None, device=None, requires_grad=False,
            out=None, layout=None, pin_memory=False):
    """Whole numbers from low (0 unless given) to high, which is not included.

    See https://docs.pytorch.org/docs/stable/generated/torch.randint.html
    """
    bounds = list(args)
    if size is None:
        size = bounds.pop()
    if bounds and high is None:
        high = bounds.pop()
    if bounds:
        low = bounds.pop()
    if high is None:
        raise TypeError("randint(): expects the upper bound high and a size")
    cdef TensorBase t = new(size, dtype_like(dtype, out), device, "randint", INT64)
    cdef TensorBase all
    low = whole_bound(0 if low is None else low, "randint", "low")
    high = whole_bound(high, "randint", "high")
    if requires_grad and category_of[t.dtype] < CATEGORY_FLOAT:
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    all = real_tensor(t)
    if not drawn(all, "integers", (low, high), generator):
        random_range(the(generator), element_of(t.dtype, "randint"), all.data, all.numel, low, high)
    return given(out, finish(t, requires_grad, layout, pin_memory))


cdef int64_t whole_bound(object value, str op, str arg) except? -1:
    return need_int(value.item() if isinstance(value, TensorBase) else value, op, arg)


def randperm(n, *, generator=None, dtype=None, device=None, requires_grad=False, out=None, layout=None,
             pin_memory=False):
    """A random order of 0 .. n - 1.

    See https://docs.pytorch.org/docs/stable/generated/torch.randperm.html
    """
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    cdef TensorBase t = new((n,), dtype_like(dtype, out), device, "randperm", INT64), all
    cdef int64_t k
    all = real_tensor(t)
    if not drawn(all, "permutation", (), generator):
        for k in range(all.numel // t.numel if t.numel else 0):
            c_randperm(the(generator), element_of(t.dtype, "randperm"), all.data + k * t.numel * itemsize_of[t.dtype],
                       t.numel)
    return given(out, finish(t, requires_grad, layout, pin_memory))


def rand_like(input, *, dtype=None, device=None, requires_grad=False, generator=None, memory_format=None, layout=None,
              pin_memory=False):
    """Uniform numbers in [0, 1) in the shape of a tensor."""
    t = for_examples(factories.empty_like(input, dtype=dtype, device=device, memory_format=memory_format), input)
    return finish(uniform_(t, generator=generator), requires_grad, layout, pin_memory)


def randn_like(input, *, dtype=None, device=None, requires_grad=False, generator=None, memory_format=None,
               layout=None, pin_memory=False):
    """Normal numbers in the shape of a tensor."""
    t = for_examples(factories.empty_like(input, dtype=dtype, device=device, memory_format=memory_format), input)
    return finish(normal_(t, generator=generator), requires_grad, layout, pin_memory)


def randint_like(input, *args, low=None, high=None, dtype=None, device=None, requires_grad=False, generator=None,
                 memory_format=None, layout=None, pin_memory=False):
    """Whole numbers from low (0 unless given) to high in the shape of a tensor."""
    t = for_examples(factories.empty_like(input, dtype=dtype, device=device, memory_format=memory_format), input)
    bounds = [whole_bound(v, "randint_like", "high") for v in (low, *args, high) if v is not None]
    return finish(random_(t, *bounds, generator=generator), requires_grad, layout, pin_memory)


def bernoulli(input, p=None, *, generator=None, out=None):
    """Ones with the probabilities that the input gives (or with probability p), zeros elsewhere."""
    cdef TensorBase x = <TensorBase?>input
    if p is None:
        only_floats(x, "bernoulli")
    if p is None:
        refuse_same(x)
    y = for_examples(tensor_empty_at(x, x.dtype, x.ndim, x.shape), x)
    return given(out, bernoulli_(y, x if p is None else p, generator))


def poisson(input, generator=None):
    """Whole numbers, Poisson distributed with the rates that the input gives.

    See https://docs.pytorch.org/docs/stable/generated/torch.poisson.html

    Examples
    --------
    >>> import ctorch
    >>> ctorch.poisson(ctorch.zeros(3))
    tensor([0., 0., 0.])
    """
    cdef TensorBase x = <TensorBase?>input, q, y, all
    only_floats(x, "poisson")
    on_cpu(x, "poisson")
    refuse_same(x)
    y = drawn_for(contiguous(x), x.dtype)
    all, q = real_tensor(y), beside(y, x, x.dtype)
    c_poisson(the(generator), element_of(x.dtype, "poisson"), all.data, all.numel, q.data)
    return y


def binomial(count, prob, generator=None):
    """Numbers of successes in `count` trials that succeed with probability `prob`, tensors of one dtype.

    Examples
    --------
    >>> import ctorch
    >>> ctorch.binomial(ctorch.tensor([4., 9.]), ctorch.tensor([0., 1.]))
    tensor([0., 9.])
    """
    cdef TensorBase n, p, y, all
    if count.dtype != prob.dtype:
        raise RuntimeError("Found dtype " + str(prob.dtype) + " but expected " + str(count.dtype))
    only_floats(<TensorBase?>count, "binomial_cpu")
    on_cpu(<TensorBase>count, "binomial")
    dtype = FLOAT64 if (<TensorBase>count).dtype == FLOAT64 else FLOAT32
    refuse_same(<TensorBase>count)
    refuse_same(<TensorBase?>prob)
    n = count.detach() + prob.detach()
    y = drawn_for(contiguous(n), dtype)
    all, n, p = real_tensor(y), beside(y, <TensorBase>count, dtype), beside(y, <TensorBase>prob, dtype)
    c_binomial(the(generator), element_of(dtype, "binomial"), all.data, all.numel, n.data, p.data)
    return (<object>y).to(count.dtype)


cdef int on_cpu(TensorBase x, str op) except -1:
    cdef int index
    if place_of_batch(x, &index) != DEVICE_CPU:
        raise NotImplementedError(f"{op}: not implemented for device 'cuda' and dtype {dtype_name(x.dtype).decode()}")
    return 0


def multinomial(input, num_samples, replacement=False, *, generator=None, out=None):
    """Indices drawn with the (unnormalised) probabilities of each row.

    See https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html
    """
    cdef TensorBase x = <TensorBase?>input, q, y, all
    cdef int64_t shape[2]
    cdef int64_t rows, categories, samples = need_int(num_samples, "multinomial", "num_samples")
    if category_of[x.dtype] != CATEGORY_FLOAT:
        raise RuntimeError("multinomial only supports floating-point dtypes for input, got: "
                           f"{dtype_title(x.dtype)}")
    if x.ndim < 1 or x.ndim > 2:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    refuse_same(x)
    shape[0] = x.shape[0] if x.ndim == 2 else samples
    shape[x.ndim - 1] = samples
    rows, categories = x.shape[0] if x.ndim == 2 else 1, x.shape[x.ndim - 1]
    check_multinomial(rows, categories, samples, replacement)
    y = for_examples(tensor_empty_at(x, INT64, x.ndim, shape), x)
    q = drawn_for(contiguous(x), x.dtype)
    all, q = real_tensor(y), beside(q, x, x.dtype)
    if not drawn(all, "multinomial", (q, samples, replacement), generator):
        c_multinomial(the(generator), element_of(q.dtype, "multinomial"), q.data,
                      q.numel // categories if x.numel else 0, categories, samples, replacement,
                      <int64_t*>all.data)
    return given(out, y)


def dropout_mask(TensorBase x not None, double p, generator=None):
    """Zero with probability p, else 1 / (1 - p), in the shape of x."""
    cdef TensorBase y = drawn_for(x, x.dtype), all = real_tensor(y)
    only_floats(x, "dropout")
    if drawn(all, "dropout_mask", (p,), generator):
        return y
    c_dropout_mask(the(generator), element_of(x.dtype, "dropout"), all.data, all.numel, p)
    return y


# ---- in place

cdef TensorBase in_order_of(TensorBase x, int dtype):
    # Dense memory for numbers that are drawn in the order in which x's elements lie.
    cdef int64_t strides[MAX_DIMS]
    cdef int order[MAX_DIMS]
    cdef int64_t step = 1
    cdef int i, k, d
    if x.contiguous or x.device != DEVICE_CPU:
        return tensor_empty_at(x, dtype, x.ndim, x.shape)
    for i in range(x.ndim):
        d = x.ndim - 1 - i
        k = i
        while k > 0 and x.strides[order[k - 1]] > x.strides[d]:
            order[k] = order[k - 1]
            k -= 1
        order[k] = d
    for i in range(x.ndim):
        strides[order[i]] = step
        step *= x.shape[order[i]]
    return tensor_empty_strided(x, dtype, x.ndim, x.shape, strides)


cdef TensorBase target(TensorBase x, const char* op):
    # Dense memory to fill: x itself, or a copy that `put_back` puts back.
    cdef Levels levels = random_levels(x, True)
    cdef int index, device
    check_inplace(x, op)
    if x.device != DEVICE_BATCHED:
        return x if x.contiguous else in_order_of(x, x.dtype)
    if levels is not None:
        return real_tensor(batched_like(levels, x, x.dtype, x.ndim, x.shape, NULL))
    device = place_of_batch(x, &index)
    return tensor_empty_on(device, index, x.dtype, x.ndim, x.shape)


cdef object put_back(TensorBase x, TensorBase filled, const char* op):
    cdef Levels levels
    if filled is not x:
        levels = None if x.device != DEVICE_BATCHED else random_levels(x, True)
        copy_data(x, filled if levels is None else wrapped(filled, levels))
    bump_version(x, op)
    if is_dual(x):                   # constant from now on
        (<object>x).copy_(tensor_alias(x))
    return x


def uniform_(TensorBase x not None, double from_=0, double to=1, generator=None):
    """In place: uniform numbers in [from, to)."""
    cdef TensorBase t
    if is_complex(x):
        check_inplace(x, "uniform_")
        uniform_(functions.view_as_real(x), from_, to, generator)
        return x
    t = target(x, "uniform_")
    only_floats(x, "uniform_")
    if not drawn(t, "uniform", (from_, to), generator):
        uniform(the(generator), element_of(x.dtype, "uniform_"), t.data, t.numel, from_, to)
    return put_back(x, t, b"uniform_")


def normal_(TensorBase x not None, double mean=0, double std=1, generator=None):
    """In place: normal numbers; of complex ones both parts have the mean and half of the variance."""
    cdef TensorBase t
    if is_complex(x):
        check_inplace(x, "normal_")
        normal_(functions.view_as_real(x), mean, std / sqrt(2), generator)
        return x
    t = target(x, "normal_")
    only_floats(x, "normal_")
    if not drawn(t, "normal", (mean, std), generator):
        normal(the(generator), element_of(x.dtype, "normal_"), t.data, t.numel, mean, std, not x.contiguous)
    return put_back(x, t, b"normal_")


def bernoulli_(TensorBase x not None, p=0.5, generator=None):
    """In place: ones with probability p, zeros elsewhere."""
    cdef TensorBase t = target(x, "bernoulli_"), q
    cdef Levels levels
    check_one_device("bernoulli_", (x, p))
    if drawn(t, "bernoulli", (p,), generator):
        return put_back(x, t, b"bernoulli_")
    if isinstance(p, TensorBase):
        refuse_same(<TensorBase>p)
        levels = random_levels(x, True)
        q = in_order_of(t, (<TensorBase>p).dtype)
        copy_data(q if levels is None else wrapped(q, levels), <TensorBase>p)
        bernoulli_each(the(generator), element_of(x.dtype, "bernoulli_"), t.data, t.numel,
                       element_of(q.dtype, "bernoulli_"), q.data)
    else:
        c_bernoulli(the(generator), element_of(x.dtype, "bernoulli_"), t.data, t.numel, p)
    return put_back(x, t, b"bernoulli_")


def exponential_(TensorBase x not None, double lambd=1, generator=None):
    """In place: exponentially distributed numbers."""
    cdef TensorBase t = target(x, "exponential_")
    if not drawn(t, "exponential", (lambd,), generator):
        exponential(the(generator), element_of(x.dtype, "exponential_"), t.data, t.numel, lambd)
    return put_back(x, t, b"exponential_")


def cauchy_(TensorBase x not None, double median=0, double sigma=1, generator=None):
    """In place: Cauchy distributed numbers."""
    cdef TensorBase t = target(x, "cauchy_")
    on_cpu(x, "cauchy_")
    c_cauchy(the(generator), element_of(x.dtype, "cauchy_"), t.data, t.numel, median, sigma)
    return put_back(x, t, b"cauchy_")


def geometric_(TensorBase x not None, double p, generator=None):
    """In place: numbers of trials up to the first success, each of probability p."""
    cdef TensorBase t = target(x, "geometric_")
    on_cpu(x, "geometric_")
    geometric(the(generator), element_of(x.dtype, "geometric_"), t.data, t.numel, p)
    return put_back(x, t, b"geometric_")


def log_normal_(TensorBase x not None, double mean=1, double std=2, generator=None):
    """In place: exponentials of normal numbers."""
    cdef TensorBase t = target(x, "log_normal_")
    on_cpu(x, "log_normal_")
    only_floats(x, "log_normal_cpu")
    log_normal(the(generator), element_of(x.dtype, "log_normal_"), t.data, t.numel, mean, std)
    return put_back(x, t, b"log_normal_")


def random_(TensorBase x not None, *args, generator=None):
    """In place: whole numbers over the dtype's range, or from low to high."""
    cdef TensorBase t = target(x, "random_")
    if drawn(t, "integers", ((None, None) if not args else (0, *args) if len(args) == 1 else args), generator):
        return put_back(x, t, b"random_")
    if not args:
        c_random(the(generator), element_of(x.dtype, "random_"), t.data, t.numel)
    else:
        low, high = (0, args[0]) if len(args) == 1 else args
        random_range(the(generator), element_of(x.dtype, "random_"), t.data, t.numel, low, high)
    return put_back(x, t, b"random_")


def normal_of(mean=0.0, std=1.0, size=None, *, generator=None, dtype=None, device=None, requires_grad=False, out=None,
              layout=None, pin_memory=False):
    """Normal numbers of the given means and standard deviations.

    See https://docs.pytorch.org/docs/stable/generated/torch.normal.html

    Raises
    ------
    RuntimeError
        If a standard deviation is negative.
    """
    cdef TensorBase t
    if size is not None:
        t = new(size, dtype_like(dtype, out), device, "normal", default_dtype())
        return given(out, finish(normal_(t, mean, std, generator), requires_grad, layout, pin_memory))
    means, spreads = isinstance(mean, TensorBase), isinstance(std, TensorBase)
    if not (means or spreads):
        raise TypeError("normal(): numbers for mean and std need a size")
    if spreads and std.is_complex():
        raise RuntimeError("normal expects standard deviation to be non-complex")
    if spreads and std.numel() and not bool((std >= 0).all()):
        raise RuntimeError("normal expects all elements of std >= 0.0")
    like = mean if means else std
    shape = (mean.detach() + std.detach()).shape if means and spreads else like.shape
    t = new(shape, like.dtype, like.device, "normal", FLOAT32)
    result = normal_(t, 0, 1 if spreads else std, generator)
    if spreads:
        result.mul_(std.detach())
    return given(out, finish(result.add_(mean.detach() if means else mean), requires_grad, layout, pin_memory))


def manual_seed(seed):
    """Start the default generator's stream from a seed.

    See https://docs.pytorch.org/docs/stable/generated/torch.manual_seed.html

    Returns
    -------
    Generator
        The default generator.
    """
    cuda = sys.modules.get("ctorch.cuda.random")
    if cuda is not None:
        cuda.manual_seed_all(int(seed))
    return random_module.manual_seed(seed)


def get_rng_state():
    """State of the default generator, as a tensor of uint8."""
    return random_module.get_rng_state()


def set_rng_state(new_state):
    """Put the default generator into a state that ``get_rng_state`` gave."""
    random_module.set_rng_state(new_state)
