"""Writes what ctorch.func._batching must know of the kernel rows."""
from .table import Arg, Row


def kind(a: Arg) -> str:
    """What an argument is to a batching rule."""
    if a.type.rstrip("?") == "Tensor":
        return "tensor"
    if a.type == "dim" or (a.name == "dim" and a.type == "int"):
        return "dim"
    if a.name in ("dim", "dims"):
        return "dims"
    return "shape" if a.name == "shape" else "value"


def table_py(rows: dict[str, Row]) -> str:
    """The module ctorch._gen.batching_table: by the name of its C function, the row, its file, arguments and rule."""
    lines = ["# generated from ops/*.toml", '"""How kernel rows run on batched tensors."""', "", "ROWS = {"]
    for row in rows.values():
        if row.kind == "kernel":
            kinds = tuple((kind(a), a.name if a.keyword else None) for a in row.args if a.type != "dtype?")
            lines.append(f"    {row.forward!r}: ({row.name!r}, {row.source!r}, {kinds!r}, "
                         f"{row.extra.get('vmap', 'none')!r}),")
    return "\n".join([*lines, "}", ""])
