"""The examples in README.md, CONTRIBUTING.md and the manual do what they say."""
import doctest
import re
import tomllib
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


def test_contributing_row_is_the_row_of_the_table():
    (text,) = blocks("CONTRIBUTING.md", "toml")
    shown = tomllib.loads(text)
    rows = {name: row for path in (ROOT / "src" / "ctorch" / "ops").glob("*.toml")
            for name, row in tomllib.loads(path.read_text()).items()}
    assert shown
    assert {name: rows.get(name) for name in shown} == shown
