"""Pictures of recorded graphs: the language of Graphviz, and SVG by its program."""
from ctorch._core import Tensor
from ctorch._tape import AccumulateGrad, _input_shapes, _plainly_saved, _recorded_at

__all__ = ["draw_graph"]

# Nodes whose result shares the memory of their input.
_VIEWS = frozenset(f"{name}Backward0" for name in """
    Alias AsStrided Diagonal Expand Imag Permute Real Select Slice Squeeze Unfold Unsqueeze View ViewAsComplex
    ViewAsReal
""".split())
_LOOK = {"leaf": 'shape=box, style=filled, fillcolor="#cfe2f3"', "buffer": 'shape=box, style="filled,dashed"',
         "output": 'shape=box, style=filled, fillcolor="#d9ead3"', "view": 'style="filled,dashed", fillcolor="#f3f3f3"',
         "in place": 'style=filled, fillcolor="#f9cb9c"', "node": 'style=filled, fillcolor="#ffffff"'}


def _quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _outputs_of(output):
    if isinstance(output, Tensor):
        return [output]
    if isinstance(output, dict):
        output = list(output.values())
    if isinstance(output, list | tuple):
        return [y for part in output for y in _outputs_of(part)]
    return []


def _names_of(params):
    # id of a tensor -> name, from a module, a dict or pairs.
    if params is None:
        return {}
    if hasattr(params, "named_parameters"):
        params = {**dict(params.named_parameters()), **dict(params.named_buffers())}
    return {id(x): name for name, x in (params.items() if isinstance(params, dict) else params)}


def _name(node):
    return node.name().removeprefix("torch::autograd::")


def _kind(node):
    name = _name(node)
    if name == "CopySlices":
        return "in place"
    return "view" if name in _VIEWS else "node"


class _Picture:
    """Lines of a picture, and the names of what is in it."""

    def __init__(self, params, shapes, lines, saved):
        self.names, self.shapes, self.lines, self.saved = _names_of(params), shapes, lines, saved
        self.text, self.known = [], {}

    def put(self, thing, kind, label):
        """A node of the picture; returns its name and whether it is new."""
        if id(thing) in self.known:
            return self.known[id(thing)][0], False
        name = f"n{len(self.known)}"
        self.known[id(thing)] = name, thing          # kept, so that no other gets its address
        self.text.append(f"    {name} [label={_quoted(label)}, {_LOOK[kind]}];")
        return name, True

    def tensor(self, x, kind):
        """A tensor's name and whether it is new."""
        label = [self.names[id(x)]] if id(x) in self.names else []
        if self.shapes:
            label.append(f"{tuple(x.shape)} {str(x.dtype).removeprefix('torch.')}")
        return self.put(x, kind, "\n".join(label) or kind)

    def node(self, node, shape):
        """A node's name and whether it is new."""
        label = [_name(node)]
        if self.shapes and shape is not None:
            label.append(str(tuple(shape)))
        where = _recorded_at(node) if self.lines else None
        return self.put(node, _kind(node), "\n".join([*label, where] if where else label))

    def arrow(self, start, end, extra=""):
        """An arrow between two names."""
        self.text.append(f"    {start} -> {end}{extra};")

    def follow(self, root, shape):
        """All that a node leads to."""
        waiting = [(root, shape)]
        while waiting:
            node, shape = waiting.pop()
            name = self.known[id(node)][0]
            if self.saved:
                self.put_saved(node, name)
            for (before, _), size in zip(node.next_functions, _input_shapes(node, shape)):
                if before is None:
                    continue
                if isinstance(before, AccumulateGrad):
                    other, new = self.tensor(before.variable, "leaf")[0], False
                else:
                    other, new = self.node(before, size)
                self.arrow(other, name)
                if new:
                    waiting.append((before, size))

    def put_saved(self, node, name):
        """The tensors that a node keeps for backward."""
        for x, is_result in _plainly_saved(node):
            if x.requires_grad and x.grad_fn is None:
                self.tensor(x, "leaf")
            kept, _ = self.put(x, "buffer", f"saved {'result' if is_result else 'input'}\n{tuple(x.shape)}")
            self.arrow(kept, name, " [style=dotted, arrowhead=none]")


def _as_svg(source):
    import shutil
    import subprocess
    program = shutil.which("dot")
    if program is None:
        raise RuntimeError("draw_graph: format 'svg' needs the program `dot` of Graphviz, which is not installed; "
                           "format='dot' gives the source that it reads")
    done = subprocess.run([program, "-Tsvg"], input=source, text=True, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"draw_graph: `dot` failed: {done.stderr.strip()}")
    return done.stdout


def draw_graph(output, params=None, *, show_shapes=True, show_lines=False, show_saved=False, format="dot",
               name="graph"):
    """A picture of the recorded operations that lead to some tensors.

    Leaves are blue boxes and results green ones; views are dashed, and changes in place of a part of a tensor orange.

    Parameters
    ----------
    output : Tensor or nest of Tensor
        The results.
    params : Module, dict of str to Tensor, or pairs of them, optional
        Names of leaves.
    show_shapes : bool
        Sizes of results, and dtypes of leaves.
    show_lines : bool
        File, line and function that recorded each operation.
    show_saved : bool
        The tensors that operations keep for backward.
    format : str
        ``"dot"``: source for Graphviz; ``"svg"``: a picture, where Graphviz is installed.
    name : str
        The name of the picture.

    Returns
    -------
    str
        The picture.

    Examples
    --------
    >>> import ctorch
    >>> w = ctorch.ones(2, requires_grad=True)
    >>> print(ctorch.utils.draw_graph((w * 3).sum(), {"w": w}))
    digraph "graph" {
        node [fontname="monospace", fontsize=10, shape=ellipse];
        n0 [label="() float32", shape=box, style=filled, fillcolor="#d9ead3"];
        n1 [label="SumBackward0\\n()", style=filled, fillcolor="#ffffff"];
        n1 -> n0;
        n2 [label="MulBackward0\\n(2,)", style=filled, fillcolor="#ffffff"];
        n2 -> n1;
        n3 [label="w\\n(2,) float32", shape=box, style=filled, fillcolor="#cfe2f3"];
        n3 -> n2;
    }
    """
    if format not in ("dot", "svg"):
        raise ValueError(f"draw_graph: expected format 'dot' or 'svg', got {format!r}")
    outputs = _outputs_of(output)
    if not outputs:
        raise TypeError(f"draw_graph: expected tensors as output, got {type(output).__name__}")
    picture = _Picture(params, show_shapes, show_lines, show_saved)
    for y in outputs:
        if y.grad_fn is None:
            picture.tensor(y, "leaf" if y.requires_grad else "output")
            continue
        end, _ = picture.tensor(y, "output")
        start, new = picture.node(y.grad_fn, y.shape)
        picture.arrow(start, end)
        if new:
            picture.follow(y.grad_fn, y.shape)
    source = "\n".join([f"digraph {_quoted(name)} {{",
                        '    node [fontname="monospace", fontsize=10, shape=ellipse];', *picture.text, "}"])
    return source if format == "dot" else _as_svg(source)
