"""Writes the rows' expressions as CUDA C++ into a table that ctorch.cuda makes kernels of at first use."""
from pprint import pformat

from . import elementwise, expression, reduction
from .table import Row

CATEGORIES = ("int", "float", "complex")


def category_texts(texts: dict[str, str], categories) -> dict[str, dict[str, str]]:
    """category -> {part: CUDA text}."""
    return {c: {part: expression.Cuda(c).text(text) for part, text in texts.items()} for c in categories}


def elementwise_entry(op: elementwise.Operation) -> dict:
    """One loop: its inputs, parameters, result and text by category."""
    row = op.row
    own = [c for c in CATEGORIES if c in row.dtypes or (c == "int" and row.dtypes == ["bool"])]
    if op.gradient_of:
        own = [c for c in own if c != "int"]
    elif "bool" in row.dtypes and "int" not in own:
        own = ["int", *own]
    if expression.functions(op.text) & {*expression.SPECIAL}:
        own = []
    used = expression.names(op.text)
    texts = {c: t["value"] for c, t in category_texts({"value": op.text}, own).items()}
    return {"name": op.name, "family": row.family, "inputs": op.inputs, "fixed": op.fixed,
            "params": tuple(a.name for a in row.params), "used": tuple(a.name for a in row.params if a.name in used),
            "only": row.extra.get("compute"), "out": op.out, "text": texts}


def reduction_entry(row: Row) -> dict:
    """One reduction: its state (same, wide or a dtype), its result (same or a dtype) and its parts by category."""
    extra = row.extra
    texts = {"map": extra.get("map", "x"), "combine": extra["combine"], "post": extra.get("post", "a")}
    if extra["identity"] not in ("lowest", "highest"):
        texts["identity"] = extra["identity"]
    own = [c for c in CATEGORIES if c in row.dtypes or (c == "int" and "bool" in row.dtypes)]
    state = extra.get("state", "same")
    entry = {"name": row.name, "state": reduction.STATES.get(state, state), "out": row.out,
             "text": category_texts(texts, own)}
    for texts in entry["text"].values():
        texts.setdefault("identity", f"Extreme<T>::{extra['identity']}()")
    return entry


def table_py(rows: dict[str, Row], dtypes: dict) -> str:
    """The module ctorch._gen.cuda_table; entries stand in the order of the operations' numbers."""
    operations = [elementwise_entry(op) for op in elementwise.operations(rows)]
    reductions = [reduction_entry(r) for r in rows.values() if r.kind == "reduction"]
    compute = {name: row["compute"] for name, row in dtypes.items()}
    return "\n".join(["# generated from ops/*.toml and dtypes.toml", '"""Kernels on CUDA devices, as text."""', "",
                      f"ELEMENTWISE = {pformat(operations, width=118, sort_dicts=False)}", "",
                      f"REDUCTIONS = {pformat(reductions, width=118, sort_dicts=False)}", "",
                      f"COMPUTE = {pformat(compute, width=118, sort_dicts=False)}", ""])
