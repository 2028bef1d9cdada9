"""Elementwise rows: a module of kernels for each family and dtype, from the table's expressions, and its launches."""
import struct

import ctorch
from ctorch._gen.cuda_table import COMPUTE, ELEMENTWISE
from ctorch.cuda import _driver, _layout, _transfer, launch, streams
from ctorch.cuda._layout import REAL, TYPES, category_of
from ctorch.cuda.module import function_of_text

_PARAMETER = {"float": "f", "double": "d", "u8": "B", "i32": "i", "i64": "q", "u64": "Q"}


def supports(op: dict, dtype) -> bool:
    """Whether an operation computes in a dtype."""
    return category_of(dtype) in op["text"] and (not op["only"] or COMPUTE[dtype.name] in op["only"].split())


def result_dtype(op: dict, dtype):
    """The dtype of an operation's result."""
    if op["out"] == "bool":
        return ctorch.bool
    return getattr(ctorch, REAL.get(dtype.name, dtype.name)) if op["out"] == "real" else dtype


def input_types(op: dict, dtype) -> list[str]:
    """Names of the dtypes in which the inputs are read."""
    return [fixed or dtype.name for fixed in op["fixed"]]


def kernel_text(op: dict, dtype) -> str:
    """The value of one element, and the kernel that loops over all."""
    name, compute = op["name"], TYPES[COMPUTE[dtype.name]]
    types = input_types(op, dtype)
    params = [("R" if category_of(dtype) == "complex" else "T", p) for p in op["used"]]
    value = ", ".join([f"{'T' if not f else TYPES[COMPUTE[t]]} {n}"
                       for n, t, f in zip(op["inputs"], types, op["fixed"])] + [f"{t} {p}" for t, p in params])
    operands = ", ".join([f"const {TYPES[t]} *{n}" for n, t in zip(op["inputs"], types)]
                         + [f"{t} {p}" for t, p in params])
    reads = ", ".join([f"widen({n}[at[{k + 1}]])" for k, n in enumerate(op["inputs"])] + [p for _, p in params])
    out = TYPES[result_dtype(op, dtype).name]
    returns = {"same": compute, "bool": "bool", "real": "R"}[op["out"]]
    return f"""
CT_DEVICE {returns} value_{name}({value}) {{ return {op['text'][category_of(dtype)]}; }}
extern "C" __global__ void run_{name}(Layout<{len(types) + 1}> layout, {out} *out, {operands}) {{
    for (CT_EACH(i, layout.n)) {{
        i64 at[{len(types) + 1}];
        layout.places(i, at);
        out[at[0]] = narrow<{out}>(value_{name}({reads}));
    }}
}}
"""


def module_text(family: str, dtype) -> str:
    """All kernels of a family for one dtype."""
    compute = COMPUTE[dtype.name]
    head = ['#include "loops.cuh"', '#include "maths.cuh"', f"typedef {TYPES[compute]} T;",
            f"typedef {TYPES[REAL.get(compute, compute)]} R;"]
    return "\n".join(head + [kernel_text(op, dtype) for op in ELEMENTWISE
                             if op["family"] == family and supports(op, dtype)])


def _wrapped(value, code):
    # A number as an unsigned type holds it; the signed ones are wide enough.
    return int(value) % {"B": 1 << 8, "Q": 1 << 64}[code] if code in "BQ" else int(value)


def run(which, dtype, out, inputs, params):
    """One operation, by its number in the table, on tensors that broadcast to the shape of `out`."""
    op = ELEMENTWISE[which]
    if not supports(op, dtype):
        raise NotImplementedError(f"{op['name']}: not implemented for device 'cuda' and dtype {dtype}")
    result = result_dtype(op, dtype)
    if out.dtype != result:
        own = ctorch.empty(out.shape, dtype=result, device=out.device)
        run(which, dtype, own, inputs, params)
        return _transfer.copy(out, own)
    if out.numel() == 0:
        return None
    given = [_transfer.prepared(x, getattr(ctorch, t), out.device) for x, t in zip(inputs, input_types(op, dtype))]
    index = out.device.index
    _driver.activate(index)
    kernel = function_of_text(index, f"{op['family']}_{dtype.name}", lambda: module_text(op["family"], dtype),
                              f"run_{op['name']}")
    arguments = _layout.packed(op["name"], out.shape,
                               [out.stride(), *(_layout.stretched(x, out.shape) for x in given)])
    arguments += struct.pack(f"{len(given) + 1}P", out.data_ptr(), *(x.data_ptr() for x in given))
    code = _PARAMETER[TYPES[REAL.get(COMPUTE[dtype.name], COMPUTE[dtype.name])]]
    used = [value for name, value in zip(op["params"], params) if name in op["used"]]
    arguments += struct.pack(code * len(used), *(value if code in "fd" else _wrapped(value, code) for value in used))
    launch.launch(kernel, (launch.blocks_for(out.numel()), 1), (launch.THREADS, 1, 1), arguments, 0,
                  streams.raw(index))
    return None
