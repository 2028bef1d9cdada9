"""Every row of the table is driven by one of the property tests, itself or through the public function that runs it."""
import importlib
import tomllib
from pathlib import Path

import ctorch

# Rows that no call can name: parts of rows that are driven, by how they are reached.
PARTS = {
    "_repeat_places": "repeat_interleave", "_repeat_each": "repeat_interleave", "_triangle": "tril", "_flip": "flip",
    "_pad_edges": "pad", "_roll": "roll", "_complex_of": "view_as_complex", "_complex_from": "complex", "cov": "var",
    "corrcoef": "var",
    "_linalg_real": "real", "_linalg_imag": "imag", "_linalg_complex": "complex", "pad": "constant_pad_nd",
    **dict.fromkeys(("div", "clamp", "clamp_min", "clamp_max", "round", "addcmul", "addcdiv", "rsub", "bitwise_not",
                     "nan_to_num", "where", "angle", "float_power", "ldexp", "heaviside", "nextafter", "frexp",
                     "polygamma"), "elementwise"),
}
FIELDS = ("activations", "arithmetic", "comparison", "copies", "joining", "mathematics", "numbers", "reductions",
          "scans", "shape", "special")


def test_every_row_is_driven():
    driven = set(PARTS)
    for path in sorted(Path(__file__).parent.glob("test_properties_*.py")):
        driven |= getattr(importlib.import_module(path.stem), "ROWS_DRIVEN", set())
    wanted = set()
    for path in (Path(ctorch.__file__).parent / "ops").glob("*.toml"):
        for name, row in tomllib.loads(path.read_text()).items():
            if path.stem in FIELDS or row["kind"] in ("elementwise", "reduction"):
                wanted.add(name)
    assert sorted(wanted - driven) == []
