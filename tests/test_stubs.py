"""The stub: it names what there is and nothing else, with the parameters that there are, and checkers use it."""
import ast
import importlib
import inspect
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ctorch

PACKAGE = Path(ctorch.__file__).parent
STUB = ast.parse((PACKAGE / "__init__.pyi").read_text())
TENSOR = next(node for node in STUB.body if isinstance(node, ast.ClassDef) and node.name == "Tensor")

# Where the types of a checker cannot say what there is at run time.
ALLOWED = r"""
ctorch\.(.*\.)?_(?!_).*
ctorch\.__dir__
ctorch\.(dtype|device|Generator)
ctorch\.Tensor\.__buffer__
ctorch\.Tensor\.__r[lr]shift__
ctorch\.nn\.functional\.__all__
ctorch\.autograd\.graph\.GradientEdge
ctorch\.(?!Typed|Untyped)\w+(Tensor|Storage)
"""
if sys.version_info >= (3, 13):  # which makes up a signature for functions in C that take at most one argument
    ALLOWED += r"ctorch\.((get|set)_default_dtype|get_rng_state|(initial_)?seed|is_\w+_enabled)"
SETTINGS = """
[mypy]
strict = True
disallow_untyped_calls = False
[mypy-ctorch.*]
ignore_errors = True
ignore_missing_imports = True
follow_imports = silent
"""


def names(body):
    """Names that the body of a stub defines, each with its definitions."""
    found = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.AnnAssign):
            found.setdefault(node.target.id, []).append(node)
        elif isinstance(node, ast.Assign):
            found[node.targets[0].id] = [node]
        elif isinstance(node, ast.ImportFrom) and node.module == "ctorch":
            found.update({alias.name: [node] for alias in node.names})
    return found


def public(found):
    return {name for name in found if not name.startswith("_")}


def test_the_stub_is_shipped():
    assert (PACKAGE / "py.typed").exists()
    assert (PACKAGE / "__init__.pyi").read_text().startswith("# generated from ops/*.toml")


def test_public_names():
    assert public(names(STUB.body)) == public(dir(ctorch))


def test_attributes_of_tensor():
    assert public(names(TENSOR.body)) == public(dir(ctorch.Tensor))


def embedded(function):
    """The parameters that a compiled function says in its docstring, or None."""
    first = (function.__doc__ or "").partition("\n")[0].removesuffix(" -> int")
    if not first.endswith(")") or "(" not in first:
        return None
    untyped = re.sub(r"\b\w+ (?=\w)", "", first.partition("(")[2])        # without C types: `bool force=False`
    return parameters(ast.parse(f"def f({untyped}: ...").body[0].args)


def parameters(arguments):
    plain = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    return [name for name in plain if name != "self"], sorted(a.arg for a in arguments.kwonlyargs)


def compared():
    for owner, body in ((ctorch, STUB.body), (ctorch.Tensor, TENSOR.body)):
        for name, nodes in names(body).items():
            function = getattr(owner, name, None)
            if len(nodes) == 1 and isinstance(nodes[0], ast.FunctionDef) and inspect.isroutine(function) \
                    and not nodes[0].decorator_list and not name.startswith("__"):
                yield f"{owner.__name__}.{name}", function, nodes[0]


@pytest.mark.parametrize("function, node", [pytest.param(f, node, id=name) for name, f, node in compared()])
def test_parameters(function, node):
    there = embedded(function)
    if there is None:
        there = parameters(ast.parse(f"def f{inspect.signature(function)}: ...").body[0].args)
    assert parameters(node.args) == there


def run(module, *arguments, folder):
    """A tool of mypy, finding the ctorch that is imported here."""
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    if PACKAGE.parent.name != "site-packages":
        environment["MYPYPATH"] = str(PACKAGE.parent)
    (folder / "mypy.ini").write_text(SETTINGS)
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=folder, env=environment, text=True,
                          capture_output=True)


def check(folder, code):
    pytest.importorskip("mypy")
    (folder / "script.py").write_text(textwrap.dedent(code))
    return run("mypy", "--config-file", "mypy.ini", "script.py", folder=folder)


def test_a_right_script_passes(tmp_path):
    done = check(tmp_path, """
        import ctorch as torch
        from ctorch import Tensor, nn

        x: Tensor = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
        y = torch.exp(x).sum(dim=(0, 1), keepdim=True) * 2 + 1 / x
        z: Tensor = y.clamp(min=0.0).to(torch.float32).reshape(-1).add_(1)
        values, places = x.max(dim=0)
        largest: Tensor = torch.max(x)
        size: int = x.shape[0] + x.size(1)
        number = float(z[0, ..., None].item())
        same: bool = torch.equal(values, places)
        mask: Tensor = x == 0
        where: tuple[Tensor, ...] = torch.where(mask)
        network = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
        with torch.no_grad():
            out: Tensor = network(x)
        out.backward(retain_graph=True)


        @torch.no_grad()
        def double(t: Tensor, times: int = 2) -> Tensor:
            return t * times


        doubled: Tensor = double(x, times=3)
    """)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("line, message", [
    ("torch.exp('x')", 'has incompatible type "str"; expected "Tensor"'),
    ("torch.exp(x, keepdim=True)", 'Unexpected keyword argument "keepdim"'),
    ("x.summ()", 'has no attribute "summ"'),
    ("torch.nothing", 'has no attribute "nothing"'),
    ("x.transpose(0)", "Missing positional argument"),
    ("n: int = x.sum()", 'expression has type "Tensor", variable has type "int"'),
    ("x.sum(dim='rows')", 'has incompatible type "str"'),
    ("x.shape = (1, 2)", "read-only"),
    ("torch.softmax(x)", 'Missing positional argument "dim"'),
])
def test_a_wrong_script_is_refused(tmp_path, line, message):
    done = check(tmp_path, f"import ctorch as torch\nx = torch.ones(2)\n{line}\n")
    assert done.returncode == 1
    assert message in done.stdout
    assert "script.py:3" in done.stdout


def test_stubtest(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "allowed").write_text(ALLOWED)
    done = run("mypy.stubtest", "ctorch", "--concise", "--mypy-config-file", "mypy.ini", "--allowlist", "allowed",
               "--ignore-unused-allowlist", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_layers_are_listed_in_full():
    families = [importlib.import_module(f"ctorch.nn.modules.{path.stem}")
                for path in (PACKAGE / "nn" / "modules").glob("[a-z]*.py")]
    layers = {name for family in families for name, value in vars(family).items()
              if isinstance(value, type) and issubclass(value, ctorch.nn.Module) and not name.startswith("_")}
    assert layers == set(ctorch.nn.modules.__all__)
