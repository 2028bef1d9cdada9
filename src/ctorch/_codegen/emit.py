"""Writes all generated sources; called by setup.py before Cython runs."""
from pathlib import Path

from . import batching, binding, casts, cuda, dtypes, elementwise, functions, reduction, stubs, table

CATEGORY_BITS = {"bool": 1, "int": 2, "float": 4, "complex": 8}


def write(path: Path, text: str) -> None:
    """Writes a file only where its text changed, so that an unchanged module is not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def categories(row) -> int:
    return sum(CATEGORY_BITS[c] for c in row.dtypes)


def numbers_pxd(rows) -> str:
    """Numbers of the elementwise operations and of the reductions."""
    lines = ["# generated from ops/*.toml", "", "cdef enum:"]
    operations = elementwise.operations(rows)
    lines += [f"    {op.enum} = {i}" for i, op in enumerate(operations)]
    lines += [f"    OP_COUNT = {len(operations)}", "", "cdef enum:"]
    reductions = [r for r in rows.values() if r.kind == "reduction"]
    lines += [f"    {reduction.enum(r)} = {i}" for i, r in enumerate(reductions)]
    return "\n".join([*lines, f"    REDUCE_COUNT = {len(reductions)}", ""])


def numbers(table: str, names: list[str]) -> list[str]:
    """A dict from the names that kernel modules use to the numbers of this build."""
    return [f"cdef dict {table} = {{", *(f'    b"{name}": {i},' for i, name in enumerate(names)), "}"]


def elementwise_pxi(rows) -> str:
    """Fills the table of elementwise operations in _dispatch."""
    lines = ["# generated from ops/*.toml", "cdef bint zero_checked[OP_COUNT]", "cdef Elementwise* o",
             "for i in range(OP_COUNT):", "    zero_checked[i] = False", "    o = &OPS[i]", "    o.flat = False",
             "    for k in range(DTYPE_COUNT):", "        o.kernel[k] = NULL", "    o.sought = 0",
             "    for k in range(MAX_INPUTS):",
             "        o.fixed[k], o.grad_kind[k], o.grad_op[k], o.reads[k] = -1, GRAD_NONE, -1, 0",
             "        o.symbolic[k] = NULL", *numbers("OP_NUMBERS", [op.name for op in elementwise.operations(rows)])]
    for op in elementwise.operations(rows):
        row, forward = op.row, op.gradient_of is None
        bits = categories(row) if forward else categories(row) & 12
        lines += ["", f"o = &OPS[{op.enum}]",
                  f'o.name, o.family = b"{row.title}", b"{row.family}"',
                  f"o.inputs, o.params, o.categories = {len(op.inputs)}, {len(row.params)}, {bits}",
                  f"o.promote_ints, o.out = "
                  f"{forward and 'float' in row.dtypes and 'int' not in row.dtypes and row.promote}, "
                  f"OUT_{op.out.upper()}"]
        lines += [f"o.fixed[{k}] = {f.upper()}" for k, f in enumerate(op.fixed) if f]
        if not forward:
            continue
        spelt = row.public_names
        lines += [f'o.names[{k}] = b"{spelt[arg.name]}"' for k, arg in enumerate([*row.tensors, *row.params])]
        if row.extra.get("zero_check"):
            lines.append(f"zero_checked[{op.enum}] = True")
        if row.extra.get("flat"):
            lines.append("o.flat = True")
        for k, arg in enumerate(row.tensors):
            text = row.grad.get(arg.name)
            if arg.name in row.reasons:
                lines.append(f"o.grad_kind[{k}] = GRAD_MISSING")
            elif text == "g":
                lines.append(f"o.grad_kind[{k}] = GRAD_PASS")
            elif text:
                lines.append(f"o.grad_kind[{k}], o.grad_op[{k}], o.reads[{k}] = "
                             f"GRAD_OP, {elementwise.enum(row)}_GRAD_{arg.name.upper()}, "
                             f"{elementwise.reads_mask(row, text)}")
    return "\n".join(lines) + "\n"


def reductions_pxi(rows) -> str:
    """Fills the table of reductions in _reduce."""
    reductions = [r for r in rows.values() if r.kind == "reduction"]
    lines = ["# generated from ops/*.toml", "cdef Reduction* r",
             *numbers("REDUCE_NUMBERS", [r.name for r in reductions])]
    for row in reductions:
        counts = sum(CATEGORY_BITS[c] for c in reduction.counted(row))
        lines += [f"r = &REDUCTIONS[{reduction.enum(row)}]",
                  f'r.name, r.categories = b"{row.title}", {categories(row)}',
                  f"r.to_int64, r.out_bool = {counts}, {row.out == 'bool'}",
                  f"r.has_identity = {row.extra['identity'] not in ('lowest', 'highest')}",
                  f"r.once = {row.extra['combine'] in reduction.IDEMPOTENT}",
                  "for k in range(DTYPE_COUNT):", "    r.kernels[k] = NULL"]
    return "\n".join(lines) + "\n"


def write_sources(root: Path) -> list[Path]:
    """Writes everything below src/ctorch; returns the generated kernel modules."""
    package = Path(root) / "src" / "ctorch"
    generated, kernels = package / "_gen", package / "_kernels"
    types, rows = dtypes.read(package), table.read(package)
    write(generated / "__init__.py", '"""Generated sources."""\n')
    write(generated / "__init__.pxd", "")
    write(generated / "dtypes.pxd", dtypes.numbers_pxd(types))
    write(generated / "dtypes.pxi", dtypes.table_pxi(types))
    write(generated / "ops.pxd", numbers_pxd(rows))
    write(generated / "elementwise.pxi", elementwise_pxi(rows))
    write(generated / "reductions.pxi", reductions_pxi(rows))
    write(generated / "functions.pxi", functions.functions_pxi(rows))
    write(generated / "cuda_table.py", cuda.table_py(rows, types))
    write(generated / "batching_table.py", batching.table_py(rows))
    write(generated / "rows.h", binding.rows_h(rows))
    write(package / "__init__.pyi", stubs.stub(package, types, rows))
    modules = {"_gen_cast": casts.module(types), **elementwise.modules(rows), **reduction.modules(rows)}
    for stale in set(kernels.glob("_gen_*.pyx")) - {kernels / f"{n}.pyx" for n in modules}:
        stale.unlink()
    for name, text in modules.items():
        write(kernels / f"{name}.pyx", text)
    return [kernels / f"{name}.pyx" for name in modules]
