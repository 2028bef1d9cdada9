"""The examples in README.md, CONTRIBUTING.md and the manual do what they say."""
import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def blocks(document, language):
    text = (ROOT / document).read_text()
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, f"{document} has no {language} block"
    return found


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "doc").glob("*.rst")))
def test_manual(page):
    failed, _ = doctest.testfile(str(ROOT / "doc" / page), module_relative=False,
                                 optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_readme_example(capsys):
    for code in blocks("README.md", "python"):
        exec(code, {})
    error = float(capsys.readouterr().out.split()[-1])
    assert error < 0.01


def test_contributing_row_is_a_valid_row():
    (text,) = blocks("CONTRIBUTING.md", "toml")
    check = ("import sys, tomllib; from _codegen import table\n"
             "for name, row in tomllib.loads(sys.stdin.read()).items(): table.make_row(name, row)")
    done = subprocess.run([sys.executable, "-c", check], input=text, text=True, capture_output=True,
                          cwd=ROOT / "src" / "ctorch")
    assert done.returncode == 0, done.stderr
