"""Prints every fault of the table of operators, and fails where there is one."""
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "src" / "ctorch"
sys.path.insert(0, str(PACKAGE))
from _codegen import lint  # noqa: E402  (found by the line above)

found = lint.faults(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
print(*found, sep="\n", end="\n" if found else "")
sys.exit(bool(found))
