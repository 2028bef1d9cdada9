"""Pictures of graphs: every node and edge is there, and Graphviz reads them."""
import doctest
import re
import shutil

import pytest

import ctorch
from ctorch.utils import _drawing, draw_graph


def parsed(text):
    """Labels by name, looks by name, and edges."""
    assert text.startswith('digraph "') and text.endswith("}") and text.count("{") == text.count("}")
    nodes = dict(re.findall(r'^    (n\d+) \[label="((?:[^"\\]|\\.)*)"', text, re.M))
    looks = dict(re.findall(r'^    (n\d+) \[label="(?:[^"\\]|\\.)*", (.*)\];$', text, re.M))
    edges = re.findall(r"^    (n\d+) -> (n\d+)", text, re.M)
    assert {name for edge in edges for name in edge} <= set(nodes)
    return nodes, looks, edges


def test_example():
    assert doctest.testmod(_drawing).failed == 0


def test_nodes_edges_and_names():
    layer = ctorch.nn.Linear(3, 2)
    x = ctorch.ones(4, 3, requires_grad=True)
    y = layer(x).tanh()
    z = (y * y).sum()
    nodes, looks, edges = parsed(draw_graph({"a": z, "b": [y]}, layer))
    by_label = {label: name for name, label in nodes.items()}
    assert {"weight\\n(2, 3) float32", "bias\\n(2,) float32", "(4, 3) float32"} <= set(by_label)
    tanh, product = by_label["TanhBackward0\\n(4, 2)"], by_label["MulBackward0\\n(4, 2)"]
    assert edges.count((tanh, product)) == 2 and (tanh, by_label["(4, 2) float32"]) in edges
    assert (by_label["weight\\n(2, 3) float32"], by_label["LinearBackward0\\n(4, 2)"]) in edges
    assert looks[by_label["() float32"]] == _drawing._LOOK["output"]


def test_views_and_changes_in_place():
    x = ctorch.ones(4, 4, requires_grad=True) * 1
    x[1].mul_(2)
    nodes, looks, _ = parsed(draw_graph(x.t().reshape(16)[2:]))
    kinds = {nodes[name].partition("\\n")[0]: look for name, look in looks.items()}
    assert kinds["CopySlices"] == _drawing._LOOK["in place"]
    assert kinds["PermuteBackward0"] == _drawing._LOOK["view"] and kinds["MulBackward0"] == _drawing._LOOK["node"]


def test_lines_and_saved_tensors():
    x = ctorch.ones(4, requires_grad=True)
    text = draw_graph((x.sin() * 1).exp(), [("x", x)], show_lines=True, show_saved=True, show_shapes=False)
    nodes, _, edges = parsed(text)
    line = test_lines_and_saved_tensors.__code__.co_firstlineno + 2
    sine = next(name for name, label in nodes.items() if label.startswith("SinBackward0"))
    assert f"{__file__}:{line} in test_lines_and_saved_tensors" in nodes[sine]
    saved = {label: name for name, label in nodes.items() if label.startswith("saved")}
    assert "saved result\\n(4,)" in saved
    leaf = next(name for name, label in nodes.items() if label == "x")
    assert edges.count((leaf, sine)) == 2            # as an argument, and kept for backward


def test_names_are_quoted():
    x = ctorch.ones(1, requires_grad=True)
    assert '\\"a\\\\b\\"' in draw_graph(x * 2, {'"a\\b"': x})


def test_functions_and_long_graphs():
    class Own(ctorch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, g, h):
            return g + 2 * h

    x = ctorch.ones(1, requires_grad=True)
    y = sum(Own.apply(x))
    for _ in range(2000):
        y = y + 1
    nodes, _, edges = parsed(draw_graph(y))
    assert len(nodes) == 2005 and len(edges) == 2005
    assert sum(label.startswith("OwnBackward") for label in nodes.values()) == 1


def test_what_has_no_graph():
    assert len(parsed(draw_graph(ctorch.ones(2)))[0]) == 1
    assert len(parsed(draw_graph(ctorch.ones(2, requires_grad=True)))[0]) == 1


def test_errors(monkeypatch):
    with pytest.raises(TypeError, match="expected tensors"):
        draw_graph(3)
    with pytest.raises(ValueError, match="'png'"):
        draw_graph(ctorch.ones(1), format="png")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="Graphviz"):
        draw_graph(ctorch.ones(1), format="svg")


def test_svg_by_the_program(tmp_path, monkeypatch):
    if shutil.which("dot") is None:      # one in its place that says what it was given
        program = tmp_path / "dot"
        program.write_text('#!/bin/sh\n[ "$1" = -Tsvg ] && echo "<svg>$(wc -l)</svg>" && cat >/dev/null\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    picture = draw_graph(ctorch.ones(2, requires_grad=True) * 2, format="svg")
    assert "<svg" in picture and "</svg>" in picture
    if shutil.which("dot") == str(tmp_path / "dot"):
        (tmp_path / "dot").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
        with pytest.raises(RuntimeError, match="broken"):
            draw_graph(ctorch.ones(2), format="svg")
