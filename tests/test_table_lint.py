"""The lint of the table: clean as it is, and each kind of broken row is found, all in one run."""
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "ctorch"
sys.path.append(str(PACKAGE))
from _codegen import lint, table  # noqa: E402  (found by the line above)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the sources, to plant faults in."""
    folder = tmp_path_factory.mktemp("lint") / "ctorch"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("*.so", "*.c", "_gen*", "__pycache__"))
    return folder


def planted(copy, act=lint.faults, **files):
    """What the lint, or another act, says of texts added to files, given as `ops__products_toml="..."`."""
    before = {}
    try:
        for name, text in files.items():
            path = copy / (name[::-1].replace("_", ".", 1)[::-1].replace("__", "/"))
            before[path] = path.read_text()
            path.write_text(before[path] + "\n" + text)
        return act(copy)
    finally:
        for path, text in before.items():
            path.write_text(text)


def elementwise(**keys):
    row = {"kind": "elementwise", "args": "x: Tensor", "dtypes": "float", "forward": "exp(x)", "grad.x": "g * y",
           "doc": "A row."} | keys
    return written(row)


def kernel(**keys):
    row = {"kind": "kernel", "args": "x: Tensor, mat2: Tensor", "forward": "mm_forward", "module": "products",
           "grad.x": "mm(g, mat2)", "doc": "A row."} | keys
    return written(row)


def reduction(**keys):
    row = {"kind": "reduction", "args": "x: Tensor, dim: dims? = None, keepdim: bool = False", "dtypes": "float",
           "forward": "row", "combine": "a + b", "identity": "0",
           "grad.x": "expand_reduced(g, x.shape, dim, keepdim)", "doc": "A row."} | keys
    return written(row)


def composite(**keys):
    return written({"kind": "composite", "args": "x: Tensor, vec: Tensor", "forward": "mv", "doc": "A row."} | keys)


def written(row):
    lines = [f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
             for key, value in row.items() if value is not None]
    return "\n".join(["[planted]", *lines])


BROKEN = {
    "unknown name": (elementwise(forward="x + z"), "'x + z' reads unknown z"),
    "unknown function": (elementwise(forward="gamma(x)"), "unknown function gamma of 1 arguments"),
    "wrong number of arguments": (elementwise(forward="exp(x, x)"), "unknown function exp of 2 arguments"),
    "not of the language": (elementwise(forward="[x]"), "List is not part of the language"),
    "no expression": (elementwise(forward="x +"), "cannot parse 'x +'"),
    "membership": (elementwise(forward="1 if x in x else 0"), "compare by =="),
    "text": (elementwise(forward="'a'"), "'a': only numbers"),
    "name in a gradient": (elementwise(**{"grad.x": "g * z"}), "'g * z' reads unknown z"),
    "gradient without g": (elementwise(**{"grad.x": "y"}), "grad.x does not read g"),
    "gradient without a row": (elementwise(**{"grad.x": "g * truncdiv(x, y)"}), "needs truncdiv on tensors"),
    "gradient of nothing": (elementwise(**{"grad.z": "g"}), "grad.z is not a tensor argument"),
    "no gradient": (elementwise(**{"grad.x": None}), "has no gradient of x"),
    "no gradient of one": (elementwise(args="x: Tensor, other: Tensor"), "has no gradient of other"),
    "no reason": (elementwise(**{"grad.x": None, "nograd": ""}), "nograd gives no reason"),
    "no doc": (elementwise(doc=None), "doc must be a sentence"),
    "no sentence": (elementwise(doc="a row"), "doc must be a sentence"),
    "no forward": (elementwise(forward=None), "has no forward"),
    "name as of an in-place method": (elementwise().replace("[planted]", "[planted_]"), "ends in an underscore"),
    "no args": (elementwise(args=None), "has no args"),
    "bad args": (elementwise(args="x"), "cannot read argument 'x'"),
    "bad type": (elementwise(args="x: Tensr"), "argument x is of unknown type Tensr"),
    "no dtypes": (elementwise(dtypes=None), "elementwise rows name their dtypes"),
    "bad dtypes": (elementwise(dtypes="real"), "unknown dtype category 'real'"),
    "bad kind": (elementwise(kind="scan"), "kind is 'scan'"),
    "bad out": (elementwise(out="int"), "out is 'int'"),
    "bad key": (elementwise(methods=False), "unknown key 'methods'"),
    "alias of a row": (elementwise(alias=["exp"]), "alias 'exp' is already a name of exp"),
    "alias of an alias": (elementwise(alias=["arcsin"]), "alias 'arcsin' is already a name of asin"),
    "alias of a function": (elementwise(alias=["conj"]), "alias 'conj' is already a name of _functions.pyx"),
    "method's alias": (elementwise(method_alias=["subtract"]), "method_alias 'subtract' is already a name of sub"),
    "private without use": (elementwise(public=False), "is private and nothing calls it"),
    "reduction's map": (reduction(map="z"), "map reads unknown z"),
    "reduction's combine": (reduction(combine="a + x"), "combine reads unknown x"),
    "no identity": (reduction(identity=None), "has no identity"),
    "reduction without gradient": (reduction(**{"grad.x": None}), "has no gradient; write grad.x"),
    "reduction's gradient": (reduction(**{"grad.x": "g * scale"}), "grad.x reads unknown scale"),
    "kernel's helper": (kernel(**{"grad.x": "mn(g, mat2)"}), "grad.x calls mn, which is no row"),
    "kernel's name": (kernel(**{"grad.x": "mm(g, mat3)"}), "grad.x reads unknown mat3"),
    "kernel's formula": (kernel(**{"grad.x": "mm(g,"}), "cannot parse grad.x"),
    "kernel without gradient": (kernel(**{"grad.x": None}), "has no gradient; write grad"),
    "no such module": (kernel(module="product"), "module 'product' is no file of _forward"),
    "no module": (kernel(module=None), "has no module"),
    "no such kernel": (kernel(forward="mv_forward"), "forward 'mv_forward' is not declared in _forward/products.pxd"),
    "no such composite": (composite(forward="nothing"), "forward 'nothing' is no function of _composites/products.py"),
    "other arguments": (composite(args="x: Tensor"), "takes input, but mv of _composites/products.py takes input, vec"),
}


def test_the_table_is_clean():
    assert lint.faults(PACKAGE) == []


def test_command(copy):
    def act(folder):
        return subprocess.run([sys.executable, ROOT / "tools" / "lint_table.py", folder], text=True,
                              capture_output=True)
    assert act(copy).returncode == 0
    done = planted(copy, act, ops__products_toml=elementwise(doc=None))
    assert done.returncode == 1
    assert done.stdout == "planted: doc must be a sentence\n"


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_row(copy, kind):
    row, message = BROKEN[kind]
    found = planted(copy, ops__products_toml=row)
    assert [line for line in found if line.startswith("planted") and message in line], found
    assert all("planted" in line for line in found)


def test_unused_functions(copy):
    found = planted(copy, _derivatives__fft_py="def idle_gradient(g):\n    return g\n",
                    _composites__products_py="def idle(input):\n    return input\n")
    assert found == ["_derivatives/fft.py: no formula calls idle_gradient",
                     "_composites/products.py: no row names idle"]


def test_functions_of_formulas_have_one_file(copy):
    found = planted(copy, _derivatives__fft_py="def pooled_places(g, indices):\n    return g\n")
    assert found == ["_derivatives/windows.py: pooled_places is in fft.py too"]


def test_all_broken_rows_are_told_at_once(copy):
    rows = [row.replace("[planted", f"[planted{i}") for i, (row, _) in enumerate(BROKEN.values())]
    found = planted(copy, ops__products_toml="\n".join(rows))
    for i, (_, message) in enumerate(BROKEN.values()):
        own = [line for line in found if line.startswith((f"planted{i}: ", f"planted{i}_: "))]
        assert [line for line in own if message in line], message


def test_the_build_stops_at_broken_rows(copy):
    rows = elementwise(doc=None) + "\n" + elementwise(forward="x +").replace("planted", "other")
    with pytest.raises(table.TableError) as caught:
        planted(copy, table.read, ops__products_toml=rows)
    assert str(caught.value).splitlines() == ["planted: doc must be a sentence",
                                              "other: cannot parse 'x +': invalid syntax"]
