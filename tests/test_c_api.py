"""The C API: a downstream extension is built against the installed package and used."""
import importlib.util
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import ctorch

SOURCE = Path(__file__).parent / "downstream" / "cube.pyx"


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    pytest.importorskip("Cython")
    folder = tmp_path_factory.mktemp("downstream")
    (folder / "cube.pyx").write_text(SOURCE.read_text())
    (folder / "setup.py").write_text(textwrap.dedent("""
        import ctorch
        from Cython.Build import cythonize
        from setuptools import Extension, setup

        setup(name="cube", ext_modules=cythonize([Extension("cube", ["cube.pyx"])], language_level=3,
                                                 include_path=[ctorch.get_include()]))
    """))
    run = subprocess.run([sys.executable, "setup.py", "build_ext", "--inplace"], cwd=folder, capture_output=True,
                         text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    spec = importlib.util.spec_from_file_location("cube", next(folder.glob("cube*.so")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_memoryview_reads_and_writes_without_the_gil(cube):
    x = ctorch.arange(6, dtype=ctorch.float64).reshape(2, 3)
    cube.scale_in_place(x, 2.0)
    assert x.tolist() == [[0, 2, 4], [6, 8, 10]]
    cube.scale_in_place(x.t(), 0.5)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_new_tensor(cube):
    y = cube.cube(ctorch.tensor([1.0, 2.0], dtype=ctorch.float64))
    assert type(y) is ctorch.Tensor and y.tolist() == [1, 8] and y.grad_fn is None


def test_a_node_of_its_own_on_the_tape(cube):
    x = ctorch.tensor([[0.5, -2.0], [1.5, 3.0]], dtype=ctorch.float64, requires_grad=True)
    assert ctorch.autograd.gradcheck(cube.cube, (x,))
    y = cube.cube(x)
    assert y.grad_fn.name() == "CubeBackward0"
    (y * 2).sum().backward()
    assert ctorch.testing.assert_close(x.grad, 6 * x.detach() ** 2) is None


def test_wrong_types_are_refused(cube):
    with pytest.raises(TypeError):
        cube.cube([1.0])
    with pytest.raises(TypeError):
        cube.cube(ctorch.ones(2))
    with pytest.raises(ValueError):
        cube.scale_in_place(ctorch.ones(2, 2), 2.0)
