"""The reference: every public row and every other public function is in it."""
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import ctorch

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "src" / "ctorch"))
from _codegen import binding, reference, table  # noqa: E402  (found by the line above)

ROWS = table.read(ROOT / "src" / "ctorch")
PUBLIC = [name for name, row in ROWS.items() if row.public]
PAGES = "\n".join(path.read_text() for path in (ROOT / "doc" / "reference").glob("*.rst"))


@pytest.mark.parametrize("name", PUBLIC)
def test_entry(name):
    row = ROWS[name]
    lines = list(reference.entry(row))
    assert lines[0].startswith(f".. py:function:: ctorch.{name}(") and " -> " in lines[0]
    text = "\n".join(lines)
    assert row.doc in text
    assert binding.link(row) in text
    for formula in row.grad.values():
        assert f"``{formula}``" in text
    for other in (*row.alias, *binding.method_names(row)):
        assert f".{other}``" in text


def test_every_kind_of_row_is_on_the_page():
    operators = (ROOT / "doc" / "reference" / "operators.rst").read_text()
    assert ".. operator-table::" in operators
    for kind in table.KINDS:
        assert f".. operators:: {kind}\n" in operators + "\n"
    table_of_all = "\n".join(reference.overview(ROWS))
    for name in PUBLIC:
        assert f":py:func:`{name} <ctorch.{name}>`" in table_of_all


def test_other_public_functions_are_on_a_page():
    of_rows = {other for name in PUBLIC for other in (name, *ROWS[name].alias)}
    others = {name for name in dir(ctorch) if callable(getattr(ctorch, name)) and not name.startswith("_")} - of_rows
    lines = {line.partition("::")[2].partition("(")[0].strip().removeprefix("ctorch.")
             for line in PAGES.splitlines() if line.startswith(".. auto")}
    members = {*ctorch.autograd.__all__, *(name for name in others
                                           if getattr(ctorch, name) is getattr(ctorch.Tensor, name, None))}
    same = {"asarray": "as_tensor", "concat": "cat", "concatenate": "cat"}
    assert {same.get(name, name) for name in others} - lines - members == set()


@pytest.mark.parametrize("name", PUBLIC)
def test_pytorch_has_the_page(name):
    pytest.importorskip("torch")
    module, _, function = binding.page(ROWS[name]).rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_sphinx_accepts_the_page(tmp_path):
    pytest.importorskip("sphinx")
    (tmp_path / "conf.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT / 'doc' / '_ext')!r})\n"
                                      "extensions = ['operators']\ndefault_role = 'code'\n")
    (tmp_path / "index.rst").write_text((ROOT / "doc" / "reference" / "operators.rst").read_text())
    done = subprocess.run([sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", tmp_path, tmp_path / "out"],
                          text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out" / "index.html").read_text()
    assert [name for name in PUBLIC if f'id="ctorch.{name}"' not in html] == []
