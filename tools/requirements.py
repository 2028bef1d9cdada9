"""Prints requirements from pyproject.toml, one a line: of `build`, of `run`, or of an extra by its name."""
import sys
import tomllib
from pathlib import Path

declared = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
groups = {
    "build": declared["build-system"]["requires"],
    "run": declared["project"]["dependencies"],
    **declared["project"]["optional-dependencies"],
}
for name in sys.argv[1:]:
    print(*groups[name], sep="\n")
