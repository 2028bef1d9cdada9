"""Makers of steps that move, view, index and change: each draws operands and returns operator and text of the step."""

import math

from drawing import NoOperand, anything, broadcast, number, real
from steps_values import BINARY_REAL, MAKERS, maker

# As many changes in place as anything else asks for views to change.
CHANGES = """
add_={0}.add_({1}) add_alpha_={0}.add_({1},alpha=2) sub_={0}.sub_({1}) mul_={0}.mul_({1}) iadd={0}.__iadd__({1})
imul={0}.__imul__({1}) isub={0}.__isub__({1}) div_={0}.div_(2+abs({1})) copy_={0}.copy_({0}.new_tensor(0)+{1})
rsub_={0}.neg_().add_({1}) itruediv={0}.__itruediv__(1.5+abs({1}))
""".split()
CHANGES_ALONE = """
neg_={0}.neg_() sin_={0}.sin_() cos_={0}.cos_() tanh_={0}.tanh_() exp_={0}.exp_() sigmoid_={0}.sigmoid_()
square_={0}.square_() zero_={0}.zero_() fill_={0}.fill_(0.5) pow_={0}.pow_(2) mul_scalar_={0}.mul_(0.5)
add_scalar_={0}.add_(1) abs_={0}.abs_() sub_scalar_={0}.sub_(0.25) reciprocal_={0}.reciprocal_() sqrt_={0}.sqrt_()
log1p_={0}.log1p_() expm1_={0}.expm1_() mul_self_={0}.mul_({0}) add_self_={0}.add_({0}) atan_={0}.atan_()
sgn_={0}.sgn_() asinh_={0}.asinh_() sinc_={0}.sinc_() conj_physical_={0}.conj_physical_()
nan_to_num_={0}.nan_to_num_()
""".split()
CHANGES_REAL = """
relu_={0}.relu_() clamp_={0}.clamp_(-0.5,0.75) clamp_min_={0}.clamp_min_(0) leaky_relu_=F.leaky_relu_({0},0.1)
elu_=F.elu_({0}) hardtanh_=F.hardtanh_({0}) threshold_=F.threshold_({0},0.2,-1.) erf_={0}.erf_() floor_={0}.floor_()
round_={0}.round_() frac_={0}.frac_() sign_={0}.sign_() trunc_={0}.trunc_() remainder_={0}.remainder_(1.5)
fmod_={0}.fmod_(1.25) celu_=F.celu_({0}) selu_=F.selu_({0}) clamp_max_={0}.clamp_max_(0.5)
relu_inplace=F.relu({0},inplace=True) hardswish_=F.hardswish({0},inplace=True) mish_=F.mish({0},inplace=True)
logit_={0}.logit_(0.2) lgamma_={0}.lgamma_() deg2rad_={0}.deg2rad_() ceil_={0}.ceil_() erfc_={0}.erfc_()
i0_={0}.i0_() digamma_={0}.digamma_() hardsigmoid_=F.hardsigmoid({0},inplace=True) relu6_=F.relu6({0},inplace=True)
silu_=F.silu({0},inplace=True)
""".split()


def changeable(t):
    """Numbers whose elements do not overlap in memory; all being one place is seen, and refused, by both packages."""
    if not number(t):
        return False
    reach = 0
    for step, size in sorted((step, size) for step, size in zip(t.stride(), t.shape) if size > 1 and step):
        if step <= reach:
            return False
        reach += (size - 1) * step
    return True


def same_memory(x, y):
    """Whether two operands are different parts of one storage: what is read may be written before."""
    t = getattr(y, "t", None)
    if t is None or t is x.t or t._is_zerotensor() or x.t._is_zerotensor():
        return False
    return t.untyped_storage().data_ptr() == x.t.untyped_storage().data_ptr()


def traced(t):
    """Whether a tensor is a leaf or has a history: views made by no_grad have neither."""
    try:
        return t.grad_fn is not None or not t._is_view()
    except RuntimeError:
        return False


def known(t):
    """Whether PyTorch tells the history of a tensor: it crashes where hooks are registered on one that it does not."""
    try:
        return not t._is_view() and (t.grad_fn is not None or t.is_leaf)
    except RuntimeError:
        return False


def _draw(d, rows):
    op, _, text = d.rng.choice(rows).partition("=")
    return op, text


@maker(6)
def view(d):
    x = d.take(anything)
    n, shape = x.t.ndim, list(x.t.shape)
    ops = [
        ("unsqueeze", f"{x}.unsqueeze({d.dim(x, 1)})"),
        ("reshape", f"{x}.reshape({tuple(d.factors(x.t.numel()) if x.t.numel() else shape)})"),
        ("view_as", f"{x}.view_as({x})"),
        ("expand", f"{x}.expand({d.one(1, 2, 3)},{','.join(['-1'] * n)})"),
        ("squeeze", f"{x}.squeeze()"),
        ("flatten", f"m.flatten({x})"),
        ("broadcast_to", f"m.broadcast_to({x},{(2, *shape)})"),
        ("ravel", f"{x}.ravel()"),
    ]
    if x.t.is_contiguous() and x.t.numel():
        ops += [("view", f"{x}.view({tuple(d.factors(x.t.numel()))})")] * 2
    if not x.t.is_contiguous():
        ops += [("contiguous", f"{x}.contiguous()"), ("view", f"{x}.view(-1)")]
    if n:
        a, b = d.dim(x), d.dim(x)
        order = d.rng.sample(range(n), n)
        size = shape[a]
        start = d.rng.randint(0, size)
        stop = d.rng.randint(start, size)
        ops += [
            ("transpose", f"{x}.transpose({a},{b})"),
            ("permute", f"{x}.permute({order})"),
            ("movedim", f"m.movedim({x},{a},{b})"),
            ("swapaxes", f"{x}.swapaxes({a},{b})"),
            ("narrow", f"{x}.narrow({a},{start},{stop - start})"),
            ("squeeze", f"{x}.squeeze({a})"),
            ("flatten", f"{x}.flatten({a % n})"),
            ("slice", _sliced(d, x)),
        ]
        ops += [("slice", _sliced(d, x))] * 2
        if size:
            ops += [("select", f"{x}.select({a},{d.rng.randrange(-size, size)})")] * 2
            k = d.rng.randint(1, size)
            ops += [
                ("unfold", f"{x}.unfold({a},{k},{d.rng.randint(1, 2)})"),
                (
                    "unflatten",
                    f"{x}.unflatten({a},(-1,{d.rng.choice([f for f in range(1, size + 1) if size % f == 0])}))",
                ),
            ]
        if 1 in shape:
            sizes = [3 if s == 1 else s for s in shape]
            ops += [("expand", f"{x}.expand({sizes})")] * 3
    if n >= 2:
        a, b = d.rng.sample(range(n), 2)
        ops += [
            ("diagonal", f"{x}.diagonal({d.rng.randint(-1, 1)},{a},{b})"),
            ("mT", f"{x}.mT"),
            ("rot", f"{x}.movedim(0,-1)"),
        ]
    if n == 2:
        ops += [("t", f"{x}.t()"), ("T", f"{x}.T")]
    if x.t.numel():
        ops.append(("as_strided", _strided(d, x)))
    if number(x.t):
        ops.append(("detach", f"{x}.detach()"))
    return d.one(*ops)


def _sliced(d, x):
    places = []
    for size in x.t.shape[: d.rng.randint(1, x.t.ndim)]:
        a = d.rng.randint(0, max(size - 1, 0))
        places.append(d.one(":", f"{a}:", f":{a + 1}", f"{a}:{size}:2", "::2", f"-{a + 1}:"))
    if d.flag(0.2):
        places.insert(d.rng.randint(0, len(places)), "None")
    if d.flag(0.2):
        places = ["...", *places[:1]]
    return f"{x}[{','.join(places)}]"


def _strided(d, x):
    # Within the elements that x itself reaches, which may be read more than once.
    reach = 1 + sum((size - 1) * step for size, step in zip(x.t.shape, x.t.stride()))
    offset = d.rng.randrange(reach)
    room, sizes, steps = reach - offset - 1, [], []
    for _ in range(d.rng.randint(1, 2)):
        step = d.rng.randint(0, 3)
        size = d.rng.randint(1, min(4, room // step + 1 if step else 3))
        room -= (size - 1) * step
        sizes.append(size)
        steps.append(step)
    return f"{x}.as_strided({sizes},{steps},{x.t.storage_offset() + offset})"


@maker(2)
def parts(d):
    x = d.take(anything, 1)
    dim = d.dim(x)
    size = x.t.shape[dim]
    if not 1 < size < 7:
        raise NoOperand
    cut = d.rng.randint(1, size - 1)
    return d.one(
        ("chunk", f"{x}.chunk({d.rng.randint(2, 3)},{dim})"),
        ("split", f"m.split({x},[{cut},{size - cut}],{dim})"),
        ("split", f"{x}.split({cut},{dim})"),
        ("unbind", f"{x}.unbind({dim})"),
        ("tensor_split", f"m.tensor_split({x},{d.rng.randint(2, 3)},{dim})"),
        ("tensor_split", f"{x}.tensor_split(({cut},),{dim})"),
        ("unsafe_split", f"tuple(part.clone() for part in m.unsafe_split({x},{cut},{dim}))"),
    )


@maker(4)
def joined(d):
    x = d.take(anything)
    n, shape = x.t.ndim, tuple(x.t.shape)
    if not n:
        y = d.take(lambda t: t.ndim == 0)
        return d.one(("stack", f"m.stack([{x},{y}])"), ("hstack", f"m.hstack(({x},{y},{x}))"))
    dim = d.dim(x)
    y = d.take(lambda t: t.ndim == n and all(a == b for i, (a, b) in enumerate(zip(t.shape, shape)) if i != dim % n))
    ops = [
        ("cat", f"m.cat([{x},{y}],{dim})"),
        ("cat", f"m.cat(({y},{x},{x}),dim={dim})"),
        ("cat", f"m.concat([{x},{x}],dim={dim})"),
    ]
    if tuple(y.t.shape) == shape:
        ops += [("stack", f"m.stack([{x},{y}],{d.dim(x, 1)})")] * 2 + [
            ("vstack", f"m.vstack([{x},{y}])"),
            ("dstack", f"m.dstack([{x},{y}])"),
            ("column_stack", f"m.column_stack([{x},{y}])"),
        ]
    return d.one(*ops)


@maker(3)
def moved(d):
    x = d.take(anything)
    n, shape = x.t.ndim, list(x.t.shape)
    ops = [
        ("clone", f"{x}.clone()"),
        ("repeat", f"{x}.repeat({','.join(['2', *['1'] * n])})"),
        ("tile", f"{x}.tile({d.one(2, 3)})"),
        ("contiguous", f"{x}.contiguous()"),
        ("to", f"{x}.to(m.{d.dtype(True)})" if not x.t.is_complex() else f"{x}.to(m.complex128)"),
        ("repeat_interleave", f"{x}.repeat_interleave(2)"),
        ("alias", f"{x}.view({tuple(shape)})" if x.t.is_contiguous() else f"{x}.clone()"),
        ("zeros_like", f"m.zeros_like({x})"),
        ("ones_like", f"m.ones_like({x})+{x}"),
    ]
    if n:
        dim = d.dim(x)
        ops += [
            ("flip", f"{x}.flip({dim})"),
            ("roll", f"{x}.roll({d.rng.randint(-2, 3)},{dim})"),
            ("repeat_interleave", f"{x}.repeat_interleave({d.one(2, 3)},dim={dim})"),
            ("roll_flat", f"m.roll({x},1)"),
            ("select_scatter", f"m.select_scatter({x},{x}.select({dim},0)*2,{dim},-1)")
            if shape[dim]
            else ("clone", f"{x}.clone()"),
        ]
    if 1 <= n <= 2:
        ops += [
            ("diag", f"m.diag({x},{d.rng.randint(-1, 1)})"),
            ("diag_embed", f"m.diag_embed({x})"),
            ("diagflat", f"m.diagflat({x})"),
        ]
    if n >= 2:
        ops += [
            ("tril", f"{x}.tril({d.rng.randint(-1, 1)})"),
            ("triu", f"m.triu({x},{d.rng.randint(-1, 1)})"),
            ("rot90", f"m.rot90({x},{d.rng.randint(1, 3)},[0,1])"),
            ("diagonal_scatter", f"m.diagonal_scatter({x},{x}.diagonal()*0.5)"),
            ("fliplr", f"m.fliplr({x})"),
        ] * 2
    if n and number(x.t):
        a, b = d.rng.randint(0, 2), d.rng.randint(-1, 2)
        ops += [("pad", f"F.pad({x},({a},{b}),value={d.one(0.0, 1.5)})")] * 2
        if n in (2, 3) and shape[-1] > 1:
            ops.append(("pad_mode", f"F.pad({x},(1,1),mode='{d.one('reflect', 'replicate', 'circular')}')"))
    return d.one(*ops)


# ---- indices


def _places(d, x):
    """An index into x, as text, with the shape of what it gives."""
    kinds, places, tensors = d.rng.random(), [], None
    if kinds < 0.15:
        return str(d.mask(tuple(x.t.shape[: d.rng.randint(1, x.t.ndim)])))
    for size in x.t.shape[: d.rng.randint(1, x.t.ndim)]:
        if not size:
            places.append(":")
            continue
        kind = d.rng.random()
        if kind < 0.3:
            places.append(str(d.rng.randrange(-size, size)))
        elif kind < 0.55:
            a = d.rng.randint(0, size - 1)
            places.append(d.one(":", f"{a}:", f":{a + 1}", "::2"))
        elif kind < 0.65:
            places.append(str([d.rng.randrange(-size, size) for _ in range(tensors or 2)]))
            tensors = tensors or 2
        elif kind < 0.75 and tensors is None:
            places.append(str(d.mask((size,))))
            tensors = -1
        elif tensors != -1:
            tensors = tensors or d.rng.randint(1, 3)
            shape = (2, 1) if d.flag(0.15) else (tensors,)
            places.append(str(d.integers(shape, -size, size)))
        else:
            places.append(":")
    if d.flag(0.15):
        places.insert(d.rng.randint(0, len(places)), d.one("None", "..."))
    return ",".join(places)


@maker(4)
def indexed(d):
    x = d.take(anything, 1)
    return "index", f"{x}[{_places(d, x)}]"


@maker(4)
def gathered(d):
    x = d.take(anything, 1)
    dim = d.dim(x)
    size = x.t.shape[dim]
    if not size:
        raise NoOperand
    shape = [d.rng.randint(1, s) if s else 0 for s in x.t.shape]
    ops = [
        ("masked_fill", f"{x}.masked_fill({d.mask(tuple(x.t.shape))},{d.one(0, 1, 2)})"),
        ("masked_select", f"m.masked_select({x},{d.mask(tuple(x.t.shape[-1:]))})"),
        ("where", f"m.where({d.mask(tuple(x.t.shape))},{x},{d.fit(x.t.shape, anything)})"),
    ]
    i = d.integers((d.rng.randint(1, 4),), 0, size)
    g = d.integers(tuple(shape), 0, size)
    ops += [
        ("gather", f"m.gather({x},{dim},{g})"),
        ("index_select", f"{x}.index_select({dim},{i})"),
        ("take", f"{x}.take({d.integers((3,), 0, x.t.numel())})"),
        ("take_along_dim", f"m.take_along_dim({x},{x}.argsort({dim}),{dim})")
        if not x.t.is_complex()
        else ("gather", f"{x}.gather({dim},{g})"),
    ]
    source = (
        d.fit(
            (*x.t.shape[: dim % x.t.ndim], len(_values(d, i)), *x.t.shape[dim % x.t.ndim + 1 :]),
            lambda t: t.dtype == x.t.dtype,
            exact=True,
        )
        if d.flag()
        else None
    )
    if source is not None:
        ops += [
            ("index_add", f"{x}.index_add({dim},{i},{source})"),
            ("index_copy", f"m.index_copy({x},{dim},{d.integers((1,), 0, size)},{source}.narrow({dim},0,1))"),
        ] * 2
    if number(x.t):
        ops += [("index_fill", f"{x}.index_fill({dim},{i},0.5)"), ("scatter", f"{x}.scatter({dim},{g},0.25)")]
    whole = d.integers(tuple(x.t.shape), 0, size)
    ops += [("scatter_add", f"{x}.scatter_add({dim},{whole},{x})")] * 2
    if real(x.t):
        ops += [
            (
                "scatter_reduce",
                f"m.scatter_reduce({x},{dim},{whole},{x}*0.5,'{d.one('sum', 'prod', 'mean', 'amax', 'amin')}',"
                f"include_self={d.flag()})",
            )
        ] * 2
        ops.append(("index_reduce", f"m.scatter({x},{dim},{x}.argsort({dim}),{x}*2)"))
    return d.one(*ops)


def _values(d, ref):
    return next(leaf.values for leaf in d.leaves if leaf.number == ref.number)


# ---- changes in place


@maker(6)
def changed(d):
    x = d.take(changeable)
    rows = CHANGES_ALONE if x.t.is_complex() or d.flag() else CHANGES_REAL
    op, text = _draw(d, rows)
    return op, d.change(text)


@maker(6)
def changed_by_another(d):
    x = d.take(changeable)
    op, text = _draw(d, CHANGES)
    y = (
        d.take(
            lambda t: t.ndim <= x.t.ndim and all(a in (1, b) for a, b in zip(reversed(t.shape), reversed(x.t.shape)))
        )
        if d.flag(0.85)
        else "1.5"
    )
    if same_memory(x, y):
        y = f"{y}.clone()"
    return op, d.change(text.replace("{0}", "\0").replace("{1}", y).replace("\0", x))


@maker(2)
def changed_by_two(d):
    x = d.take(changeable)

    def fits(t):
        return t.dtype == x.t.dtype

    y, z = (f"{y}.clone()" if same_memory(x, y) else y for y in (d.fit(x.t.shape, fits), d.fit(x.t.shape, fits)))
    mask = d.mask(tuple(x.t.shape))
    return d.one(
        *(
            (op, d.change(text))
            for op, text in (
                ("addcmul_", f"{x}.addcmul_({y},{z},value=0.5)"),
                ("lerp_", f"{x}.lerp_({y},0.4)"),
                ("lerp_", f"{x}.lerp_({y},{z})"),
                ("masked_fill_", f"{x}.masked_fill_({mask},0.5)"),
                ("addcdiv_", f"{x}.addcdiv_({y},{z}.abs()+1)"),
                ("masked_scatter_", f"{x}.masked_scatter_({mask},{y}.expand({tuple(x.t.shape)}).clone())"),
            )
        )
    )


@maker(5)
def index_assigned(d):
    x = d.take(changeable, 1)
    places = _places(d, x)
    names = {f"{{{k}}}": t for k, t in ((i, _tensor(d, n)) for i, n in enumerate(d.operands))}
    part = _part(x.t, places, names)
    op = d.one("=", "=", "=", "+=", "*=", "-=")
    y = (
        d.take(
            lambda t: (
                number(t)
                and t.ndim <= part.ndim
                and all(a in (1, b) for a, b in zip(reversed(t.shape), reversed(part.shape)))
            )
        )
        if d.flag(0.75)
        else d.one("0.5", "-1", "0")
    )
    if same_memory(x, y):
        y = f"{y}.clone()"
    return ("setitem" if op == "=" else f"setitem{op}"), d.change(f"{x}[{places}] {op} {y}")


def _tensor(d, n):
    if n in d.values:
        return d.values[n]
    leaf = next(leaf for leaf in d.leaves if leaf.number == n)
    import torch

    made = {"m": torch}
    exec(leaf.line(), made)
    return made[f"v{n}"]


def _part(t, places, names):
    for place in names:
        places = places.replace(place, f"names['{place}']")
    try:
        return eval(f"t[{places}]", {"t": t.detach(), "names": names})
    except (IndexError, RuntimeError):
        raise NoOperand from None


@maker(3)
def changed_by_index(d):
    x = d.take(changeable, 1)
    dim = d.dim(x)
    size = x.t.shape[dim]
    if not size:
        raise NoOperand
    i, one = d.integers((2,), 0, size), d.integers((1,), 0, size)
    g = d.integers(tuple(d.rng.randint(1, s) if s else 0 for s in x.t.shape), 0, size)
    whole = d.integers(tuple(x.t.shape), 0, size)
    y = d.take(
        lambda t: t.dtype == x.t.dtype and t.ndim == x.t.ndim and all(a >= b for a, b in zip(t.shape, x.t.shape))
    )
    part = (
        f"{y}.narrow({dim},0,1).expand({[*x.t.shape[: dim % x.t.ndim], 2, *x.t.shape[dim % x.t.ndim + 1 :]]}).clone()"
    )
    if tuple(y.t.shape) != tuple(x.t.shape):
        part = f"{x}.narrow({dim},0,1).clone()"
        i = one
    ops = [
        ("index_add_", f"{x}.index_add_({dim},{i},{part},alpha=0.5)"),
        ("index_copy_", f"{x}.index_copy_({dim},{one},{y if y.t.shape == x.t.shape else x}.narrow({dim},0,1).clone())"),
        ("index_fill_", f"{x}.index_fill_({dim},{i},0.5)"),
        ("scatter_", f"{x}.scatter_({dim},{g},0.75)"),
        ("scatter_add_", f"{x}.scatter_add_({dim},{whole},{y if y.t.shape == x.t.shape else x}.clone())"),
        (
            "index_put_",
            f"{x}.index_put_(({d.integers((2,), 0, x.t.shape[0])},),{x}.new_tensor(0.5),accumulate={d.flag()})",
        ),
        ("cumsum_", f"{x}.cumsum_({dim})"),
        ("put_", f"{x}.put_({d.integers((2,), 0, x.t.numel())},{x}.new_tensor([1.5,-0.5]),accumulate={d.flag()})"),
        ("fill_diagonal_", f"{x}.tril_()" if x.t.ndim > 1 else f"{x}.cumsum_(0)"),
    ]
    if real(x.t):
        ops.append(
            (
                "scatter_reduce_",
                f"{x}.scatter_reduce_({dim},{whole},{y if y.t.shape == x.t.shape else x}.clone(),"
                f"'{d.one('sum', 'amax', 'mean', 'prod')}')",
            )
        )
    return d.one(*((op, d.change(text)) for op, text in ops))


@maker(2)
def changed_through_view(d):
    """A view that has no number of its own is changed."""
    x = d.take(changeable, 1)
    if not math.prod(x.t.shape):
        raise NoOperand
    part = d.one(
        f"{x}[0]",
        f"{x}.select(-1,-1)",
        f"{x}.view(-1)[::2]",
        f"{x}.unsqueeze(0)",
        f"{x}.detach()",
        f"{x}[...,:1]",
        f"{x}.reshape(-1)",
        f"{x}.flatten()",
        f"{x}.t()" if x.t.ndim == 2 else f"{x}[:1]",
        *([f"{x}.diagonal()"] if x.t.ndim > 1 else []),
        *([f"{x}.real", f"m.view_as_real({x})"] if x.t.is_complex() else []),
        f"{x}.data",
        f"{x}.expand_as({x})",
        f"{x}.squeeze()",
    )
    change = d.one(
        "mul_(2)",
        "add_(0.5)",
        "sin_()",
        "zero_()",
        "copy_(m.tensor(0.25))",
        "exp_()",
        "neg_()",
        "fill_(1.5)",
        "square_()",
    )
    return f"view_{change.partition('(')[0]}", d.change(f"{part}.{change}")


@maker(0.7)
def turned_in_place(d):
    x = d.take(changeable, 2)
    return d.one(
        *(
            (op, d.change(text))
            for op, text in (
                ("t_", f"{x}.t_()" if x.t.ndim == 2 else f"{x}.transpose_(0,1)"),
                ("unsqueeze_", f"{x}.unsqueeze_(0)"),
                ("squeeze_", f"{x}.squeeze_()"),
                ("transpose_", f"{x}.transpose_(0,1)"),
            )
        )
    )


# ---- what autograd is told


@maker(2)
def told(d):
    x = d.take(lambda t: number(t) and known(t))
    mark = d.rng.randrange(1000)
    alone = not any(t._base is x.t for t in d.values.values())
    if not x.t.requires_grad and alone and d.flag(0.9):
        return "requires_grad_", d.change(f"{x}.requires_grad_()")
    return d.one(
        *(
            (op, d.change(text))
            for op, text in (
                ("retain_grad", f"{x}.retain_grad()"),
                ("register_hook", f"{x}.register_hook(lambda g: log({mark}, g))"),
                ("register_hook", f"{x}.register_hook(lambda g: None if g is None else g * 2)"),
                ("retain_grad", f"{x}.retain_grad()"),
                ("register_hook", f"{x}.register_hook(lambda g: None if g is None else g.detach() + 1)"),
            )
        )
    )


@maker(1.5)
def gradient_within(d):
    y = d.take(lambda t: number(t) and t.requires_grad)
    x = d.take(lambda t: number(t) and t.requires_grad and traced(t))
    out = f"{y}.abs().sum()" if y.t.is_complex() else d.one(f"{y}.sum()", f"({y}*{y}).sum()", f"{y}.mean()")
    if d.flag(0.15):
        return "backward", d.change(f"{out}.backward(retain_graph=True)")
    return (
        "autograd.grad",
        f"m.autograd.grad({out},{x},create_graph={d.flag(0.8)},retain_graph=True,materialize_grads=True)[0]",
    )


__all__ = ["BINARY_REAL", "MAKERS", "broadcast"]
