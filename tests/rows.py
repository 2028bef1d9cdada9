"""The rows of the table, as the installed package has them."""
import tomllib
from pathlib import Path

import ctorch

ROWS = {name: row for path in sorted((Path(ctorch.__file__).parent / "ops").glob("*.toml"))
        for name, row in tomllib.loads(path.read_text()).items()}
