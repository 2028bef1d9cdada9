"""Makers of steps that calculate: each draws operands and returns the name of the operator and the text of the step."""

import math

import torch
from drawing import NoOperand, anything, broadcast, number, real, whole

MAKERS = []


def maker(weight=1.0):
    def note(fn):
        MAKERS.append((weight, fn))
        return fn

    return note


# Of real numbers and complex numbers.
BOTH = """
sin={0}.sin() cos={0}.cos() tanh={0}.tanh() exp={0}.exp() sigmoid={0}.sigmoid() square={0}.square() neg=-{0}
abs={0}.abs() sinh=m.sinh({0}) cosh={0}.cosh() expm1=m.expm1({0}) reciprocal=({0}.abs()+0.5).reciprocal()
sqrt=({0}*{0}+0.5).sqrt() rsqrt=({0}.abs()+0.5).rsqrt() log=({0}.abs()+0.25).log() tan=m.tan({0}/4) pow2={0}**2
pow3={0}**3 pow_scalar=m.pow({0}.abs()+0.5,-1.5) rpow=2**{0} sgn=m.sgn({0}) angle=m.angle({0}) atan=m.atan({0}/3)
asinh={0}.asinh() sqrt_raw=m.sqrt({0}) log_raw=m.log({0}) reciprocal_raw=m.reciprocal({0}) sinc=m.sinc({0})
conj={0}.conj().clone() conj_physical=m.conj_physical({0}) positive=+{0} resolve_conj={0}.conj().resolve_conj()
real=m.real({0}) silu=F.silu({0}) tanhshrink=F.tanhshrink({0}) softsign=F.softsign({0}) nan_to_num=m.nan_to_num({0})
exp2=m.exp2({0}) log2=m.log2({0}.abs()+1) log1p=m.log1p({0}.abs()) log10=m.log10({0}.abs()+0.5)
abs_abs={0}.abs().abs() pow0={0}**0 pow1={0}**1 rdiv=1.5/({0}.abs()+0.5) rsub=2-{0} radd=1+{0} clone={0}.clone()
isfinite=m.isfinite({0})
""".split()
# Of real numbers alone.
REAL = """
relu={0}.relu() relu6=F.relu6({0}) elu=F.elu({0},0.7) selu=F.selu({0}) celu=F.celu({0},1.3) gelu=F.gelu({0})
gelu_tanh=F.gelu({0},approximate='tanh') leaky_relu=F.leaky_relu({0},0.2) hardtanh=F.hardtanh({0},-0.5,1.)
hardsigmoid=F.hardsigmoid({0}) hardswish=F.hardswish({0}) mish=F.mish({0}) logsigmoid=F.logsigmoid({0})
softplus=F.softplus({0},2,3) hardshrink=F.hardshrink({0},0.4) softshrink=F.softshrink({0},0.3)
threshold=F.threshold({0},0.1,-1.) floor={0}.floor() ceil={0}.ceil() trunc={0}.trunc() round={0}.round()
round_decimals=m.round({0},decimals=1) frac={0}.frac() sign={0}.sign() erf={0}.erf() erfc=m.erfc({0})
asin={0}.clamp(-0.9,0.9).asin() acos=m.acos(0.9*{0}.tanh()) atanh=m.atanh(0.9*{0}.sin())
acosh=m.acosh(1.5+{0}.abs()) lgamma=m.lgamma({0}.abs()+0.5) digamma=m.digamma({0}.abs()+0.5)
polygamma=m.polygamma(1,{0}.abs()+1) i0=m.i0({0}) i0e=m.special.i0e({0}) i1=m.special.i1({0}) i1e=m.special.i1e({0})
entr=m.special.entr({0}.abs()) ndtr=m.special.ndtr({0}) log_ndtr=m.special.log_ndtr({0}) erfcx=m.special.erfcx({0})
erfinv=m.erfinv({0}.tanh()*0.9) logit=m.logit({0},eps=0.2) ndtri=m.special.ndtri({0}.sigmoid())
deg2rad=m.deg2rad({0}) rad2deg=m.rad2deg({0}) clamp={0}.clamp(-0.5,1) clamp_min=m.clamp_min({0},0.25)
clamp_max={0}.clamp(max=0.5) remainder_scalar={0}%1.5 fmod_scalar=m.fmod({0},1.25) floor_divide={0}//0.75
clip=m.clip({0},min=-1.) isnan={0}.isnan() mvlgamma=m.mvlgamma({0}.abs()+2,2) frexp=m.frexp({0})
ldexp=m.ldexp({0},m.tensor(2)) xlogy_self=m.xlogy({0},{0}.abs()+0.5) float_power=m.float_power({0}.abs()+0.5,1.5)
rrelu=F.rrelu({0})
""".split()
BINARY = """
add={0}+{1} add_alpha=m.add({0},{1},alpha=2) sub={0}-{1} sub_alpha=m.sub({0},{1},alpha=0.5) mul={0}*{1}
mul=m.mul({0},{1}) div={0}/(1.5+abs({1})) rsub=m.rsub({0},{1}) mul_conj={0}*m.conj(m.as_tensor({1}))
add=m.add({1},{0}) sub={1}-{0} pow=({0}.abs()+0.5)**{1} div_raw={0}/{1}
""".split()
BINARY_REAL = """
maximum=m.maximum({0},m.as_tensor({1})) minimum=m.minimum({0},m.as_tensor({1})) fmax=m.fmax({0},m.as_tensor({1}))
fmin=m.fmin({0},m.as_tensor({1})) atan2=m.atan2({0},m.as_tensor({1})+0.0) hypot=m.hypot({0},{0}.new_tensor(1.)+{1})
fmod=m.fmod({0},1+abs({1})) remainder=m.remainder({0},1+abs({1})) xlogy=m.xlogy({0},1+abs({1}))
xlog1py=m.special.xlog1py({0},abs({1})) copysign=m.copysign({0},{1})
logaddexp=m.logaddexp({0},{0}.new_tensor(0)+{1}) logaddexp2=m.logaddexp2({0},{0}.new_tensor(0)+{1})
div_floor=m.div({0},1.25+abs({1}),rounding_mode='floor') div_trunc=m.div({0},1.25+abs({1}),rounding_mode='trunc')
floor_divide={0}//(1+abs({1})) clamp_tensor=m.clamp({0},min=m.as_tensor({1})) clamp_max=m.clamp({0},max={1})
gt={0}>{1} le={0}<={1} eq={0}=={1} ne={0}!={1} logical_and=m.logical_and({0},m.as_tensor({1}))
isclose=m.isclose({0},{0}*1) heaviside=m.heaviside({0},{0}.new_tensor(0.5)) where_scalar=m.where({0}>{1},{0},0.5)
where_zero=m.where({0}<0,0,{0}) float_power=m.float_power({0}.abs()+0.5,{1})
""".split()
LOSSES = """
mse_loss=F.mse_loss({0},{1},reduction='%s') l1_loss=F.l1_loss({0},{1},reduction='%s')
smooth_l1_loss=F.smooth_l1_loss({0},{1},reduction='%s',beta=0.5)
huber_loss=F.huber_loss({0},{1},reduction='%s',delta=0.75)
bce_logits=F.binary_cross_entropy_with_logits({0},{1}.sigmoid(),reduction='%s')
bce=F.binary_cross_entropy({0}.sigmoid(),{1}.sigmoid(),reduction='%s')
soft_margin=F.soft_margin_loss({0},{1}.sign(),reduction='%s') kl_div=F.kl_div({0},{1}.sigmoid(),reduction='%s')
kl_div_log=F.kl_div({0},{1},reduction='%s',log_target=True)
poisson_nll=F.poisson_nll_loss({0},{1}.abs(),reduction='%s')
hinge_embedding=F.hinge_embedding_loss({0},{1}.sign(),reduction='%s')
gaussian_nll=F.gaussian_nll_loss({0},{1},{1}*{1}+0.5,reduction='%s')
margin_ranking=F.margin_ranking_loss({0},{1},{1}.sign(),reduction='%s')
""".split()


def _of(rng, rows):
    op, _, text = rng.choice(rows).partition("=")
    return op, text


@maker(5)
def unary(d):
    x = d.take(number)
    return _of(d.rng, BOTH if x.t.is_complex() or d.flag() else REAL)


@maker(1)
def unary_of_integers(d):
    d.take(lambda t: not number(t))
    return _of(
        d.rng,
        [
            f"{r}_of_integers={{0}}.{r}"
            for r in (
                "sin()",
                "abs()",
                "double()",
                "float()",
                "exp()",
                "sqrt()",
                "sigmoid()",
                "to(m.float64)",
                "sum()",
                "cumsum(-1)",
            )
        ],
    )


@maker(6)
def binary(d):
    x = d.take(number)
    op, text = _of(d.rng, BINARY if x.t.is_complex() or d.flag(0.6) else BINARY_REAL)
    other = d.partner(x, anything if op in ("add", "mul", "sub") else real if f"{op}={text}" in BINARY_REAL else number)
    return op, text.replace("{0}", "\0").replace("{1}", other).replace("\0", x)


@maker(1)
def mixed(d):
    """Operands of any dtypes."""
    x = d.take(anything)
    y = d.take(lambda t: broadcast(t.shape, x.t.shape))
    return d.one(
        ("add", f"{x}+{y}"),
        ("mul", f"{x}*{y}"),
        ("where", f"m.where({x}!=0,{x},{y})"),
        ("where", f"{x}.where({y}!=0,{y})"),
        ("to_other", f"{x}.to({y}.dtype)"),
        ("type_as", f"{x}.type_as({y})"),
        ("result_type", f"{x}.to(m.result_type({x},{y}))"),
    )


@maker(1)
def ternary(d):
    x = d.take(number)
    y, z = d.fit(x.t.shape), d.fit(x.t.shape)
    return d.one(
        ("addcmul", f"m.addcmul({x},{y},{z},value=0.5)"),
        ("addcdiv", f"m.addcdiv({x},{y},{z}.abs()+1,value=2)"),
        ("lerp", f"m.lerp({x},{y},{z})"),
        ("lerp", f"m.lerp({x},{y},0.3)"),
        ("clamp", f"m.clamp({x},{y},{z})"),
        ("where", f"m.where({y}.abs()>{z}.abs(),{x},{z})"),
    )


@maker(4)
def reduction(d):
    x = d.take(number)
    dim, keep = d.dims(x), d.flag()
    where = "" if dim is None else f"dim={dim},keepdim={keep}"
    ops = (
        ["sum", "mean", "sum", "mean"]
        if x.t.is_complex()
        else ["sum", "mean", "sum", "mean", "amax", "amin", "nansum", "nanmean"]
    )
    if x.t.ndim and not x.t.is_complex():
        ops.append("logsumexp")
        where = where or "dim=0"
    op = d.one(*ops)
    extra = (
        f",dtype=m.{d.dtype(x.t.is_complex())}" if op in ("sum", "mean", "nansum") and where and d.flag(0.15) else ""
    )
    if extra and x.t.is_complex() and "complex" not in extra:
        extra = ""
    return op, d.one(f"{x}.{op}({where}{extra})", f"m.{op}({x},{where}{extra})" if where else f"m.{op}({x})")


@maker(2)
def moments(d):
    x = d.take(number)
    dim, keep = d.dims(x), d.flag()
    correction = d.one(0, 1, 1, 2)
    where = f"correction={correction}" + ("" if dim is None else f",dim={dim},keepdim={keep}")
    op = d.one("var", "std", "var_mean", "std_mean", "norm", "vector_norm", "prod", "normp")
    if op in ("norm", "normp"):
        p = d.one("2", "1", "3", "0.5", "float('inf')", "'fro'", "0", "-1")
        return "norm", f"{x}.norm({p}" + ("" if dim is None else f",dim={dim},keepdim={keep}") + ")"
    if op == "vector_norm":
        p = d.one("2", "1", "2.5", "float('inf')", "float('-inf')", "0")
        return op, f"m.linalg.vector_norm({x},{p}" + ("" if dim is None else f",dim={dim},keepdim={keep}") + ")"
    if op == "prod":
        return op, f"{x}.prod()" if not isinstance(dim, int) else f"{x}.prod(dim={dim},keepdim={keep})"
    return op, f"m.{op}({x},{where})"


@maker(2)
def chosen(d):
    """Reductions and sorts that choose elements."""
    x = d.take(lambda t: real(t) and t.numel() > 0)
    if x.t.ndim == 0 and d.flag(0.8):
        raise NoOperand
    dim, keep = (d.dim(x) if x.t.ndim else 0), d.flag()
    size = x.t.shape[dim] if x.t.ndim else 1
    if not size:
        raise NoOperand
    k = d.rng.randint(1, size)
    return d.one(
        ("max", f"{x}.max()"),
        ("min", f"m.min({x})"),
        ("max_dim", f"{x}.max(dim={dim},keepdim={keep})"),
        ("min_dim", f"m.min({x},{dim},{keep})"),
        ("median", f"{x}.median()"),
        ("median_dim", f"{x}.median({dim},{keep})"),
        ("nanmedian", f"m.nanmedian({x},{dim})"),
        ("mode", f"m.mode({x},{dim},{keep})"),
        ("sort", f"{x}.sort({dim},descending={d.flag()})"),
        ("sort", f"m.sort({x},dim={dim},stable=True)"),
        ("msort", f"m.msort({x})"),
        ("argsort", f"{x}.argsort({dim})"),
        ("topk", f"m.topk({x},{k},{dim},{d.flag()},sorted=True)"),
        ("kthvalue", f"{x}.kthvalue({k},{dim},{keep})"),
        ("argmax", f"{x}.argmax({dim})"),
        ("aminmax", f"m.aminmax({x},dim={dim})"),
        (
            "quantile",
            f"m.quantile({x},{d.one(0.3, 0.5, 0.9)},dim={dim},"
            f"interpolation='{d.one('linear', 'lower', 'nearest', 'midpoint')}')",
        ),
        ("cummax", f"m.cummax({x},{dim})"),
        ("cummin", f"{x}.cummin({dim})"),
        ("amax_dims", f"m.amax({x},{d.dims(x) or ()})"),
        ("unique", f"m.unique({x}.detach())"),
        ("count_nonzero", f"m.count_nonzero({x})"),
        ("any", f"{x}.any()"),
        ("all", f"({x}>0).all({dim})"),
    )


@maker(2)
def scan(d):
    x = d.take(number, 1)
    dim = d.dim(x)
    ops = [
        ("cumsum", f"{x}.cumsum({dim})"),
        ("cumprod", f"m.cumprod({x},{dim})"),
        ("diff", f"m.diff({x},dim={dim})"),
        ("cumsum", f"m.cumsum({x},{dim})"),
        ("trapezoid", f"m.trapezoid({x},dim={dim})"),
        ("cumulative_trapezoid", f"m.cumulative_trapezoid({x},dx=0.5,dim={dim})"),
        ("gradient", f"m.gradient({x},dim={dim})"),
    ]
    if not x.t.is_complex():
        ops.append(("logcumsumexp", f"m.logcumsumexp({x},{dim})"))
    return d.one(*ops)


@maker(2)
def normalisation(d):
    x = d.take(real, 1)
    dim = d.dim(x)
    ops = [
        ("softmax", f"{x}.softmax({dim})"),
        ("log_softmax", f"F.log_softmax({x},{dim})"),
        ("softmin", f"F.softmin({x},{dim})"),
        ("softmax_dtype", f"m.softmax({x},{dim},dtype=m.float64)"),
        ("normalize", f"F.normalize({x},dim={dim},eps=0.1)"),
        ("renorm", f"m.renorm({x},2,{dim},1.)"),
        ("normalize_p", f"F.normalize({x},p=1,dim={dim},eps=0.1)"),
    ]
    last = tuple(x.t.shape[x.t.ndim - d.rng.randint(1, x.t.ndim) :])
    affine = ""
    if d.flag():
        w, b = d.fit(last, exact=True), d.fit(last, exact=True)
        affine = f",{w},{b}"
    ops.append(("layer_norm", f"F.layer_norm({x},{last}{affine})"))
    ops.append(("rms_norm", f"F.rms_norm({x},{last})"))
    if x.t.shape[dim] % 2 == 0:
        ops.append(("glu", f"F.glu({x},{dim})"))
    if x.t.ndim in (2, 3, 4) and x.t.shape[1]:
        c = x.t.shape[1]
        w, b = d.fit((c,), exact=True), d.fit((c,), exact=True)
        ops += [
            ("batch_norm", f"F.batch_norm({x},None,None,{w},{b},training=True)"),
            ("group_norm", f"F.group_norm({x},{d.rng.choice([k for k in range(1, c + 1) if c % k == 0])},{w},{b})"),
            ("prelu", f"F.prelu({x},{w})"),
            ("batch_norm", f"F.batch_norm({x},{x}.new_zeros({c}),{x}.new_ones({c}),{w},{b})"),
            ("local_response_norm", f"F.local_response_norm({x},2)"),
        ]
    if x.t.ndim in (3, 4):
        ops.append(("instance_norm", f"F.instance_norm({x})"))
    return d.one(*ops)


@maker(2)
def loss(d):
    x = d.take(real)
    y = d.fit(x.t.shape, lambda t: t.dtype == x.t.dtype, exact=True)
    op, text = _of(d.rng, LOSSES)
    return op, text.replace("{0}", "\0").replace("{1}", y).replace("\0", x) % d.one("mean", "sum", "none")


@maker(1)
def loss_of_classes(d):
    x = d.take(lambda t: real(t) and t.ndim in (2, 3) and t.numel() > 0)
    n, c, *rest = x.t.shape
    how = d.one("mean", "sum", "none")
    y = d.integers((n, *rest), 0, c)
    w = d.fit((c,), lambda t: t.dtype == x.t.dtype, exact=True)
    ops = [
        ("cross_entropy", f"F.cross_entropy({x},{y},reduction='{how}',label_smoothing={d.one(0.0, 0.1)})"),
        ("cross_entropy_weights", f"F.cross_entropy({x},{y},weight={w}.abs()+0.5,reduction='{how}',ignore_index=0)"),
        ("nll_loss", f"F.nll_loss({x},{y},reduction='{how}')"),
        ("cross_entropy_soft", f"F.cross_entropy({x},{x}.softmax(1).detach(),reduction='{how}')"),
    ]
    if x.t.ndim == 2:
        z = d.fit(x.t.shape, real, exact=True)
        ops += [
            ("multi_margin_loss", f"F.multi_margin_loss({x},{y},reduction='{how}')"),
            ("cosine_embedding_loss", f"F.cosine_embedding_loss({x},{z},m.ones({n}),reduction='{how}')"),
            ("triplet_margin_loss", f"F.triplet_margin_loss({x},{z},{x}.flip(0),reduction='{how}')"),
            ("cosine_similarity", f"F.cosine_similarity({x},{z},dim=1,eps=0.1)"),
            ("pairwise_distance", f"F.pairwise_distance({x},{z})"),
            ("multilabel_soft_margin_loss", f"F.multilabel_soft_margin_loss({x},{z}.sigmoid(),reduction='{how}')"),
        ]
    return d.one(*ops)


@maker(4)
def product(d):
    x = d.take(number, 1)
    n = x.t.shape[-1]

    def same(t):
        return t.dtype == x.t.dtype

    y = d.take(
        lambda t: (
            same(t)
            and t.ndim >= 1
            and (t.shape[-2] if t.ndim > 1 else t.shape[0]) == n
            and broadcast(t.shape[:-2], x.t.shape[:-2])
        )
    )
    ops = [("matmul", f"{x}@{y}"), ("matmul", f"m.matmul({x},{y})")]
    if x.t.ndim == y.t.ndim == 2:
        p, q = x.t.shape[0], y.t.shape[1]
        z = d.fit((p, q), same)
        ops += [
            ("mm", f"m.mm({x},{y})"),
            ("addmm", f"m.addmm({z},{x},{y},beta=0.5,alpha=2)"),
            ("einsum", f"m.einsum('ij,jk->ik',{x},{y})"),
            ("einsum", f"m.einsum('ij,jk->k',{x},{y})"),
            ("linear", f"F.linear({x},{y}.t())"),
            ("tensordot", f"m.tensordot({x},{y},dims=1)"),
            ("einsum", f"m.einsum('ij,jk->ki',{x},{y})"),
            ("chain", f"m.linalg.multi_dot([{x},{y},{y}.mH.contiguous()])"),
        ]
    if x.t.ndim == y.t.ndim == 3 and x.t.shape[0] == y.t.shape[0]:
        z = d.fit((x.t.shape[0], x.t.shape[1], y.t.shape[2]), same)
        ops += [
            ("bmm", f"m.bmm({x},{y})"),
            ("baddbmm", f"m.baddbmm({z},{x},{y},alpha=0.5)"),
            ("einsum", f"m.einsum('bij,bjk->bik',{x},{y})"),
            ("einsum", f"m.einsum('bij,bjk->ik',{x},{y})"),
        ]
    if x.t.ndim == y.t.ndim == 1:
        ops += [("dot", f"m.dot({x},{y})"), ("vdot", f"m.vdot({x},{y})"), ("inner", f"m.inner({x},{y})")]
    if x.t.ndim == 2 and y.t.ndim == 1:
        ops += [
            ("mv", f"m.mv({x},{y})"),
            ("addmv", f"m.addmv({x}.sum(1),{x},{y})"),
            ("einsum", f"m.einsum('ij,j',{x},{y})"),
        ]
    return d.one(*ops)


@maker(2)
def product_of_any(d):
    x = d.take(number)
    y = d.take(lambda t: t.dtype == x.t.dtype and t.numel() * x.t.numel() <= 200)
    ops = [("kron", f"m.kron({x},{y})"), ("tensordot0", f"m.tensordot({x},{y},dims=0)")]
    if x.t.ndim == y.t.ndim == 1:
        ops += [
            ("outer", f"m.outer({x},{y})"),
            ("einsum", f"m.einsum('i,j->ji',{x},{y})"),
            ("meshgrid", f"m.meshgrid({x},{y},indexing='ij')"),
            ("cartesian_prod", f"m.cartesian_prod({x},{y})"),
        ] * 2
    if x.t.ndim == y.t.ndim == 2:
        ops += [("block_diag", f"m.block_diag({x},{y})"), ("einsum", f"m.einsum('ij,kl->jk',{x},{y})")]
        if real(x.t) and x.t.shape[1] == y.t.shape[1]:
            ops += [
                ("cdist", f"m.cdist({x},{y},p={d.one(1.0, 2.0, 3.0)})"),
                ("inner", f"m.inner({x},{y})"),
                ("einsum", f"m.einsum('ij,kj->ik',{x},{y})"),
            ] * 2
    if x.t.shape == y.t.shape and x.t.ndim:
        ops += [
            ("vecdot", f"m.linalg.vecdot({x},{y},dim={d.dim(x)})"),
            ("einsum", f"m.einsum('...i,...i->...',{x},{y})"),
            ("dist", f"m.dist({x},{y},{d.one(1, 2, 3)})"),
        ] * 2
        if 3 in x.t.shape:
            ops += [("cross", f"m.linalg.cross({x},{y},dim={list(x.t.shape).index(3)})")] * 3
    return d.one(*ops)


@maker(1.5)
def matrices(d):
    x = d.take(lambda t: t.dtype in (torch.float32, torch.float64, torch.complex128) and t.numel() > 0, 2)
    p, q = x.t.shape[-2:]
    good = f"({x}@{x}.mH+2*m.eye({p},dtype={x}.dtype))"
    ops = [
        ("trace", f"m.trace({x})"),
        ("matrix_norm", f"m.linalg.matrix_norm({x},'{d.one('fro', 'nuc')}')"),
        ("matrix_norm", f"m.linalg.matrix_norm({x},{d.one(1, -1, 2)})"),
        ("inv", f"m.linalg.inv{good}"),
        ("cholesky", f"m.linalg.cholesky{good}"),
        ("det", f"m.det{good}"),
        ("logdet", f"m.logdet{good}"),
        ("solve", f"m.linalg.solve({good},{x})"),
        ("slogdet", f"m.linalg.slogdet{good}[1]"),
        ("svdvals", f"m.linalg.svdvals({x})"),
        ("eigvalsh", f"m.linalg.eigvalsh{good}"),
        ("triangular", f"m.linalg.solve_triangular(m.tril{good},{x},upper=False)"),
        ("pinv", f"m.linalg.pinv({good})"),
    ]
    if p == q:
        ops += [
            ("matrix_power", f"m.matrix_power({x},2)"),
            ("matrix_exp", f"m.matrix_exp({x}/3)"),
            ("det", f"m.det({x})"),
        ]
    if p >= q:
        ops += [("qr", f"m.linalg.qr({x}+m.eye({p},{q},dtype={x}.dtype)*3)")]
    if x.t.ndim > 2:
        ops = ops[1:]
    return d.one(*ops)


@maker(1)
def layers(d):
    x = d.take(lambda t: real(t) and t.ndim in (3, 4) and t.numel() > 0)
    c, sizes = x.t.shape[1], x.t.shape[2:]
    two = x.t.ndim - 2
    k = min(2, *sizes)
    padding = d.rng.randint(0, k // 2)
    w = d.constant((d.rng.randint(1, 3), c, *[k] * two), str(x.t.dtype)[6:])
    ops = [
        ("conv", f"F.conv{two}d({x},{w},padding={d.rng.randint(0, 1)},stride={d.rng.randint(1, 2)})"),
        ("max_pool", f"F.max_pool{two}d({x},{k},padding={padding})"),
        ("avg_pool", f"F.avg_pool{two}d({x},{k},stride=1)"),
        ("adaptive_avg_pool", f"F.adaptive_avg_pool{two}d({x},2)"),
        ("adaptive_max_pool", f"F.adaptive_max_pool{two}d({x},1)"),
        (
            "interpolate",
            f"F.interpolate({x},scale_factor=2,mode='{d.one('nearest', 'linear' if two == 1 else 'bilinear')}')",
        ),
        ("conv_transpose", f"F.conv_transpose{two}d({x},{w}.transpose(0,1).contiguous())"),
        ("lp_pool", f"F.lp_pool{two}d({x},2.,{k})"),
        ("attention", f"F.scaled_dot_product_attention({x},{x},{x},is_causal={d.flag()})"),
    ]
    if two == 2:
        ops += [("unfold2d", f"F.unfold({x},{k})"), ("pixel_shuffle", f"F.pixel_unshuffle({x},1)")]
    return d.one(*ops)


@maker(1)
def with_random_numbers(d):
    x = d.take(lambda t: real(t) and t.numel() > 0)
    x = f"{x}.contiguous()"  # elements are drawn in the order of memory
    seed = d.rng.randrange(100)
    return d.one(
        ("dropout", f"(m.manual_seed({seed}),F.dropout({x},0.4))[1]"),
        ("randn_like", f"(m.manual_seed({seed}),{x}*m.randn_like({x}))[1]"),
        ("bernoulli", f"(m.manual_seed({seed}),m.bernoulli({x}.sigmoid())*{x})[1]"),
        ("rand_like", f"(m.manual_seed({seed}),{x}+m.rand_like({x}))[1]"),
    )


@maker(1.5)
def complex_numbers(d):
    if d.flag(0.6):
        x = d.take(lambda t: t.is_complex())
        return d.one(
            ("real", f"{x}.real"),
            ("imag", f"{x}.imag"),
            ("abs", f"{x}.abs()"),
            ("angle", f"{x}.angle()"),
            ("view_as_real", f"m.view_as_real({x})"),
            ("mH", f"{x}.conj().clone()"),
            ("imag_conj", f"{x}.conj().imag.clone()"),
            ("abs2", f"({x}*{x}.conj()).real"),
            ("ifft", f"m.fft.ifft({x})"),
            ("irfft", f"m.fft.irfft({x},4)"),
        )
    x = d.take(lambda t: t.dtype in (torch.float32, torch.float64))
    y = d.fit(x.t.shape, lambda t: t.dtype == x.t.dtype)
    ops = [
        ("complex", f"m.complex({x},{y})"),
        ("polar", f"m.polar({x}.abs(),{y})"),
        ("to_complex", f"{x}.to(m.{d.one('complex64', 'complex128')})"),
        ("mul_i", f"{x}*1j"),
    ]
    if x.t.ndim:
        ops += [
            ("fft", f"m.fft.fft({x},norm='{d.one('ortho', 'forward')}')"),
            ("rfft", f"m.fft.rfft({x},dim={d.dim(x)})"),
            ("fft2", f"m.fft.fftn({x})"),
        ]
        if x.t.shape[-1] == 2:
            ops += [("view_as_complex", f"m.view_as_complex({x})")] * 4
    return d.one(*ops)


@maker(1)
def embedding(d):
    x = d.take(lambda t: real(t) and t.numel() > 0 and t.ndim == 2)
    i = d.integers((d.rng.randint(1, 4),), 0, x.t.shape[0])
    return d.one(
        ("embedding", f"F.embedding({i},{x})"),
        ("embedding_bag", f"F.embedding_bag({i},{x},m.tensor([0]),mode='{d.one('sum', 'mean', 'max')}')"),
        ("one_hot", f"F.one_hot({i})"),
    )


@maker(0.5)
def integers_of(d):
    x = d.take(anything)
    return d.one(
        ("long", f"{x}.round().long()" if real(x.t) else f"{x}.long()") if not x.t.is_complex() else ("ne", f"{x}!=0"),
        ("bool", f"{x}.bool()"),
        ("ne", f"{x}!=0"),
    )


@maker(0.7)
def whole_arithmetic(d):
    x = d.take(whole)
    y = d.fit(x.t.shape, whole)
    return d.one(
        ("bitwise_and", f"{x}&{y}"),
        ("bitwise_xor", f"{x}^{y}"),
        ("floor_divide", f"{x}//({y}.abs()+1)"),
        ("remainder", f"{x}%({y}.abs()+1)"),
        ("true_divide", f"{x}/({y}.abs()+1)"),
        ("max", f"m.maximum({x},{y})"),
        ("pow", f"{x}**2"),
        ("float_mean", f"{x}.to(m.float64).mean()"),
    )


def volume(shape):
    return math.prod(shape)
