"""Writes the dtype numbers and the rows of dtypes.toml as Cython."""
import tomllib
from pathlib import Path

CATEGORIES = ("bool", "int", "float", "complex")


def read(package: Path) -> dict:
    """The rows of dtypes.toml, by name, in order."""
    with open(package / "dtypes.toml", "rb") as file:
        return tomllib.load(file)


def numbers_pxd(rows: dict) -> str:
    """Enums of dtype numbers and categories, cimported by all of the core."""
    lines = ["# generated from dtypes.toml", "", "cdef enum:"]
    lines += [f"    {name.upper()} = {i}" for i, name in enumerate(rows)]
    lines += [f"    DTYPE_COUNT = {len(rows)}", "", "cdef enum:"]
    lines += [f"    CATEGORY_{c.upper()} = {i}" for i, c in enumerate(CATEGORIES)]
    return "\n".join(lines) + "\n"


def table_pxi(rows: dict) -> str:
    """The rows as data, included by _dtype.pyx."""
    order = list(rows)
    lines = ["# generated from dtypes.toml", "", "ROWS = ("]
    for name, row in rows.items():
        lines.append(f"    ({name!r}, {row['size']}, {CATEGORIES.index(row['category'])}, "
                     f"{order.index(row['compute'])}, {row.get('numpy')!r}, {tuple(row.get('alias', ()))!r}),")
    lines += [")", "cdef const char* NAMES[DTYPE_COUNT]", "cdef tuple TITLES = ("]
    lines += [f"    {row['title']!r}," for row in rows.values()]
    lines += [")"]
    lines += [f"NAMES[{i}] = b\"{name}\"" for i, name in enumerate(rows)]
    return "\n".join(lines) + "\n"
