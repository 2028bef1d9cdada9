"""Samples of the elementwise rows, made from their arguments; a table tells the domains that are not everything."""
import re

from rows import ROWS

from samples import Sample, complexes, plain, real, samples, strided, truth, whole

ROWS_HERE = {name: row for name, row in ROWS.items() if row["kind"] == "elementwise"}
POSITIVE = {"low": 0.3, "high": 2.5}
APART = {"gap": 0.3}                                     # from zero
UNIT = {"low": -0.85, "high": 0.85}
PART = {"low": 0.1, "high": 0.9}
BEYOND = {"low": -0.7, "high": 2.0}                      # -1
# Of the tensors of a row, in order; {} where any number will do.
DOMAINS = {
    **dict.fromkeys(("acos", "asin", "atanh", "erfinv"), (UNIT,)), "acosh": ({"low": 1.2, "high": 3.0},),
    "_binary_cross_entropy": ({"low": 0.1, "high": 0.9}, {"low": 0.1, "high": 0.9}),
    **dict.fromkeys(("logit", "special_ndtri"), (PART,)), "log1p": (BEYOND,), "tan": ({"low": -1.2, "high": 1.2},),
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "lgamma", "digamma", "special_entr", "_polygamma",
                     "special_bessel_y0", "special_bessel_y1", "special_modified_bessel_k0",
                     "special_modified_bessel_k1", "special_scaled_modified_bessel_k0",
                     "special_scaled_modified_bessel_k1"), (POSITIVE,)),
    **dict.fromkeys(("reciprocal", "sinc", "abs", "sgn", "special_spherical_bessel_j0"), (APART,)),
    **dict.fromkeys(("div_true", "div_trunc", "floor_divide", "remainder", "fmod"), ({}, APART)),
    **dict.fromkeys(("hypot", "atan2"), (APART, APART)), "_addcdiv": ({}, {}, APART),
    "pow": (POSITIVE, {}), "xlogy": ({}, POSITIVE), "special_xlog1py": ({}, BEYOND),
    "special_zeta": ({"low": 1.5, "high": 3.0}, POSITIVE), "igamma": (POSITIVE, POSITIVE),
    "igammac": (POSITIVE, POSITIVE), "clamp_both": ({}, {"low": -1.5, "high": -0.5}, {"low": 0.5, "high": 1.5}),
}
# The numbers among the arguments, each choice in turn.
NUMBERS = {
    "softplus": [(1.0, 20.0), (2.0, 1.0)], "leaky_relu": [(0.2,)], "elu": [(0.7,)], "hardtanh": [(-1.0, 1.5)],
    "threshold": [(0.3, -1.0)], "_nan_to_num": [(0.0, 9.0, -9.0)], "logit": [(), (0.2,)], "_polygamma": [(1,), (3,)],
    "_special_polynomial": [(0,)], "_renorm_factor": [(0.5,)],
}
# PyTorch's names of private rows.
REFERENCE = {"clone": "Tensor.clone", "_conj": "conj_physical"}


def tensors(name, shapes, make=real, wrap=None):
    """The tensors of a call, with a gradient where the row has one."""
    row, domains, found = ROWS_HERE[name], DOMAINS.get(name, ()), []
    reasons = row.get("nograd", {})
    numbers = {"float", "complex"} & set(row["dtypes"].split())
    given = re.findall(r"(\w+): (Tensor\S*?)(?:,|$)", row["args"])
    for i, ((argument, kind), shape) in enumerate(zip(given, shapes)):
        options = domains[i] if i < len(domains) and make is real else {}
        if kind == "Tensor[bool]":
            found.append(truth(*shape))
        elif not numbers:
            found.append(whole(*shape))
        elif argument in reasons or argument == "degree":
            found.append(plain(*shape, **options))
        else:
            found.append(wrap(make, *shape, **options) if wrap else make(*shape, **options))
    return found


@samples(*ROWS_HERE)
def elementwise(name):
    row, (numbers, *others) = ROWS_HERE[name], NUMBERS.get(name, [()])
    make = complexes if row["dtypes"] == "complex" else real
    shapes = [[(2, 3)] * 3, [(2, 1), (3,), (2, 3)], [(), (2,), (1,)], [(2, 3), (), ()], [(1, 3), (2, 1, 1), (1,)],
              [(0, 3), (1, 3), (0, 1)], [()] * 3, [(1,)] * 3, [(0,)] * 3, [(2, 0, 3)] * 3]
    if row["args"].count("Tensor") == 1:
        shapes = [(s, *_) for s, *_ in (shapes[0], *shapes[6:])]
    if row["args"].count("Tensor") == 4:
        shapes = [[*s, ()] for s in shapes]
    found = [Sample(*tensors(name, shapes[0], make), *numbers)]
    if "complex" in row["dtypes"]:
        found.append(Sample(*tensors(name, [(2, 2)] * 4, complexes), *numbers))
    found += [Sample(*tensors(name, s, make), *numbers) for s in shapes[1:]]
    found += [Sample(*tensors(name, [(2, 2)] * 4, make), *more) for more in others]
    found += [Sample(*tensors(name, [s] * 4, make, strided), *numbers) for s in ((3, 2), (2, 2, 2))]
    if "scaled" in row:
        found.append(Sample(*tensors(name, [(3,), (2, 1)]), alpha=-2.5))
        found.append(Sample(*tensors(name, [(2,), (2,)], complexes), alpha=0.5 - 1j))
    return [x.by(REFERENCE.get(name)) for x in found]
