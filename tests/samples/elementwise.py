"""Samples of the elementwise rows, made from their arguments; a table tells the domains that are not everything."""
import re

from rows import ROWS

from samples import Sample, complexes, plain, real, samples, strided, truth, whole

ROWS_HERE = {name: row for name, row in ROWS.items() if row["kind"] == "elementwise"}
POSITIVE = {"low": 0.3, "high": 2.5}
APART = {"low": -2.0, "high": 2.0, "gap": 0.3}           # from zero
UNIT = {"low": -0.85, "high": 0.85}
PART = {"low": 0.1, "high": 0.9}
# Of the tensors of a row, in order; {} where any number will do.
DOMAINS = {
    "acos": [UNIT], "asin": [UNIT], "atanh": [UNIT], "erfinv": [UNIT], "acosh": [{"low": 1.2, "high": 3.0}],
    "logit": [PART], "special_ndtri": [PART], "log1p": [{"low": -0.7, "high": 2.0}], "tan": [{"low": -1.2, "high": 1.2}],
    **dict.fromkeys(("log", "log2", "log10", "sqrt", "rsqrt", "lgamma", "digamma", "special_entr", "_polygamma",
                     "special_bessel_y0", "special_bessel_y1", "special_modified_bessel_k0",
                     "special_modified_bessel_k1", "special_scaled_modified_bessel_k0",
                     "special_scaled_modified_bessel_k1"), [POSITIVE]),
    "reciprocal": [APART], "sinc": [APART], "abs": [APART], "sgn": [APART], "special_spherical_bessel_j0": [APART],
    "div_true": [{}, APART], "div_trunc": [{}, APART], "floor_divide": [{}, APART],
    "remainder": [{}, APART], "fmod": [{}, APART], "_addcdiv": [{}, {}, APART],
    "pow": [POSITIVE, {}], "xlogy": [{}, POSITIVE], "special_xlog1py": [{}, {"low": -0.7, "high": 2.0}],
    "special_zeta": [{"low": 1.5, "high": 3.0}, POSITIVE], "igamma": [POSITIVE, POSITIVE],
    "igammac": [POSITIVE, POSITIVE], "hypot": [APART, APART], "atan2": [APART, APART],
    "clamp_both": [{}, {"low": -1.5, "high": -0.5}, {"low": 0.5, "high": 1.5}],
}
# The numbers among the arguments, each choice in turn.
NUMBERS = {
    "softplus": [(1.0, 20.0), (2.0, 1.0)], "leaky_relu": [(0.2,)], "elu": [(0.7,)], "hardtanh": [(-1.0, 1.5)],
    "threshold": [(0.3, -1.0)], "_nan_to_num": [(0.0, 9.0, -9.0)], "logit": [(), (0.2,)], "_polygamma": [(1,), (3,)],
    "_special_polynomial": [(0,)],
}
# PyTorch's names of private rows.
REFERENCE = {"div_true": "div", "clone": "clone", "_conj": "conj_physical"}


def tensor_arguments(row):
    """Names and dtypes of the tensors among the arguments."""
    return [(name, "bool" if kind == "Tensor[bool]" else "float") for name, kind in
            re.findall(r"(\w+): (Tensor\S*?)(?:,|$)", row["args"])]


def maker(name, make=None, wrap=None):
    """A function from shapes to the tensors of a call, with a gradient where the row has one."""
    row, domains = ROWS_HERE[name], DOMAINS.get(name, [])
    grads, reasons = row.get("grad", {}), row.get("nograd", {})

    def tensors(*shapes):
        found = []
        for i, ((argument, kind), shape) in enumerate(zip(tensor_arguments(row), shapes)):
            options = domains[i] if i < len(domains) and make is not complexes else {}
            if kind == "bool":
                found.append(truth(*shape))
            elif "float" not in row["dtypes"] and "complex" not in row["dtypes"]:
                found.append(whole(*shape))
            elif isinstance(reasons, str) or argument in reasons:
                found.append(plain(*shape, **options))
            elif name == "_special_polynomial" and i == 1:
                found.append(whole(*shape).double())
            else:
                found.append(wrap(make or real, *shape, **options) if wrap else (make or real)(*shape, **options))
        return found

    assert grads or reasons or row.get("out") == "bool" or row["dtypes"].split()[-1] == "int"
    return tensors


@samples(*ROWS_HERE)
def elementwise(name):
    row, numbers = ROWS_HERE[name], NUMBERS.get(name, [()])
    count = len(tensor_arguments(row))
    only_complex = row["dtypes"] == "complex"
    call = REFERENCE.get(name)
    make = maker(name, complexes if only_complex else None)
    found = [Sample(*make(*[(2, 3)] * count), *numbers[0])]
    if "complex" in row["dtypes"]:
        found.append(Sample(*maker(name, complexes)(*[(2, 2)] * count), *numbers[0]))
    if count > 1:
        found.append(Sample(*make((2, 1), (3,), (2, 3)), *numbers[0]))
        found.append(Sample(*make((), (2,), (1,)), *numbers[0]))
        found.append(Sample(*make((2, 3), (), ()), *numbers[0]))
        found.append(Sample(*make((1, 3), (2, 1, 1), (1,)), *numbers[0]))
        found.append(Sample(*make((0, 3), (1, 3), (0, 1)), *numbers[0]))
    found += [Sample(*make(*[shape] * count), *numbers[0]) for shape in [(), (1,), (0,), (2, 0, 3)]]
    found += [Sample(*make(*[(2, 2)] * count), *more) for more in numbers[1:]]
    if row["dtypes"] != "bool int" and "float" in row["dtypes"]:
        found.append(Sample(*maker(name, complexes if only_complex else None, strided)(*[(3, 2)] * count),
                            *numbers[0]))
        found.append(Sample(*maker(name, complexes if only_complex else None, strided)(*[(2, 2, 2)] * count),
                            *numbers[0]))
    if "scaled" in row:
        found.append(Sample(*make((3,), (2, 1)), alpha=-2.5))
        found.append(Sample(*maker(name, complexes)((2,), (2,)), alpha=0.5 - 1j))
    return [x.by(call) if call else x for x in found]


