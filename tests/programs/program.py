"""A random program as plain data, and as a script that runs by itself."""

import re
from dataclasses import dataclass, field, replace

import numpy as np

TOLD = {"register_hook", "retain_grad", "requires_grad_", "backward"}  # steps that change no values
HELPERS = '''
def weights(m, x, k):
    """Weights of a sum over x that do not repeat."""
    w = np.cos(0.7 * k + 1.3 * np.arange(1, x.numel() + 1)).reshape(tuple(x.shape))
    return m.tensor(w + 1j * np.sin(3 * w) if x.is_complex() else w).to(x.dtype)
'''


@dataclass
class Leaf:
    """A tensor that a program starts with: nested lists, by the dtype's name."""

    number: int
    values: object
    shape: tuple
    dtype: str
    requires_grad: bool = False

    def line(self):
        empty = 0 in self.shape
        made = (
            f"m.zeros({self.shape}, dtype=m.{self.dtype}" if empty else f"m.tensor({self.values}, dtype=m.{self.dtype}"
        )
        return f"v{self.number} = {made}{', requires_grad=True' if self.requires_grad else ''})"


@dataclass
class Step:
    """One line: `text` with places for operands, which are numbers of values, and the numbers of its results."""

    op: str
    text: str
    operands: tuple = ()
    results: tuple = ()
    without_grad: bool = False
    changes: bool = False  # in place, or what a tensor knows about itself
    several: bool = False  # the results come as a tuple

    def makes(self, number):
        """Whether a value is a result, or is changed, here."""
        return number in self.results or (self.changes and self.op not in TOLD and self.operands[0] == number)

    def unseen(self):
        """Whether no gradient sees what is done here."""
        return self.without_grad or self.detached()

    def detached(self):
        """Whether no tangent sees it either."""
        return ".detach()" in self.text or ".data." in self.text

    def line(self):
        made = self.text.format(*(f"v{k}" for k in self.operands))
        if self.results:
            made = (
                ", ".join(f"v{k}" for k in self.results) + f"{',' * (self.several and len(self.results) == 1)} = {made}"
            )
        return f"with m.no_grad(): {made}" if self.without_grad else made


@dataclass
class Program:
    """Leaves, steps, the values that are differentiated, and how."""

    seed: int
    leaves: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    roots: tuple = ()
    backward: bool = False  # by backward() into .grad, else by autograd.grad
    second: bool = True
    batched: bool = False

    def numbers(self):
        """All values by number."""
        return [leaf.number for leaf in self.leaves] + [k for step in self.steps for k in step.results]

    def wanted(self):
        """The leaves that want a gradient."""
        return [leaf.number for leaf in self.leaves if leaf.requires_grad]

    def without(self, places):
        """This program without some steps, and without all that needs their results."""
        lost, steps = set(), []
        for place, step in enumerate(self.steps):
            if place in places or lost.intersection(step.operands):
                lost.update(step.results)
            else:
                steps.append(step)
        return replace(self, steps=steps, roots=tuple(k for k in self.roots if k not in lost))

    def used(self):
        """This program without the leaves that nothing needs."""
        needed = {k for step in self.steps for k in step.operands} | set(self.roots)
        return replace(self, leaves=[leaf for leaf in self.leaves if leaf.number in needed])

    def widened(self):
        """This program in double precision."""
        return self.recast(
            lambda text: re.sub(r"\bb?float(16|32)\b", "float64", text).replace("complex64", "complex128")
        )

    def narrowed(self):
        """This program in single precision."""
        return self.recast(
            lambda text: re.sub(r"\bb?float(16|64)\b", "float32", text).replace("complex128", "complex64")
        )

    def recast(self, named):
        """This program with other names of dtypes."""
        leaves = [replace(leaf, dtype=named(leaf.dtype)) for leaf in self.leaves]
        return replace(self, leaves=leaves, steps=[replace(step, text=named(step.text)) for step in self.steps])

    def retaining_after(self, ops):
        """This program where the gradient of a tensor is retained after the last change of it by such operators."""
        steps = [*self.steps]
        for step in self.steps:
            if step.op == "retain_grad":
                same = self.made_of(step.operands[0])
                changes = [k for k, s in enumerate(steps) if s.op in ops and s.operands[0] in same]
                if changes and changes[-1] > steps.index(step):
                    steps.insert(changes[-1] + 1, step)
                    steps.remove(step)
        return replace(self, steps=steps)

    def made_of(self, number):
        """A value and all that is made of it, of which some may be the same tensor or lie in its memory."""
        found = {number}
        for step in self.steps:
            found |= {*step.results} if found & {*step.operands} else set()
        return found

    def unhooked(self):
        """This program without hooks, which change gradients."""
        return replace(self, steps=[step for step in self.steps if step.op != "register_hook"])

    def traced(self):
        """This program with a history of every step, and without hooks."""
        return replace(self, steps=[replace(step, without_grad=False) for step in self.unhooked().steps])

    def reading_copies(self, picked):
        """This program where the steps that are picked read copies of their operands, each in memory of its own."""

        def copied(step):
            return replace(step, text=re.sub(r"(\{\d+\})", r"\1.contiguous().clone()", step.text))

        return replace(self, steps=[copied(step) if picked(step) else step for step in self.steps])

    def seen_at(self, place, shape, dtype):
        """This program where a new leaf of noughts is added to the value of a step's hook, and the leaf's number.

        The gradient of the leaf is what the hook sees.
        """
        hooked, leaf = self.steps[place].operands[0], max(self.numbers()) + 1
        while place and not self.steps[place - 1].makes(hooked):  # uses before the hook count too
            place -= 1

        def moved(numbers):
            return tuple(leaf + 1 if k == hooked else k for k in numbers)

        steps = [replace(step, operands=moved(step.operands)) for step in self.steps[place:]]
        steps = [*self.steps[:place], Step("add", "{0}+{1}", (hooked, leaf), (leaf + 1,)), *steps]
        leaves = [*self.leaves, Leaf(leaf, np.zeros(shape).tolist(), shape, dtype, True)]
        return replace(self, leaves=leaves, steps=steps, roots=moved(self.roots), second=False, batched=False), leaf

    def sources(self, number):
        """The places of the steps that a value may come from."""
        known, places, more = {number}, set(), True
        while more:
            beside = set().union(*map(self.made_of, known))
            for place, step in enumerate(self.steps):
                changed = step.changes and step.op not in TOLD and step.operands[0] in beside
                if changed or any(map(step.makes, known)):
                    places.add(place)
            more = {k for place in places for k in self.steps[place].operands} - known
            known |= more
        return sorted(places)

    def alone(self, place, operands, number):
        """The program of one step, whose operands are given with whether they want a gradient; the number of a result.

        A value that it changes is that of a copy.
        """
        step, copy, first = self.steps[place], max(self.numbers()) + 1, []
        leaves = [Leaf(k, x.values.tolist(), x.values.shape, x.dtype, wanted) for k, (x, wanted) in operands.items()]
        names = {k: k for k in (*step.operands, number)}
        if step.changes:
            first = [Step("clone", "{0}.clone()", step.operands[:1], (copy,))]
            names[step.operands[0]] = copy
        step = replace(step, operands=tuple(names[k] for k in step.operands), without_grad=False)
        return Program(self.seed, leaves, [*first, step], roots=(names[number],)), names[number]

    def changed_by_copies(self):
        """This program where what is changed in place by itself is changed by a copy of itself."""

        def apart(step):
            first, place, rest = step.text.partition("{0}")
            return replace(step, text=first + place + rest.replace("{0}", "{0}.clone()")) if step.changes else step

        return replace(self, steps=[apart(step) for step in self.steps])

    def told_apart(self, ops, sign):
        """This program where some operators read elements that all differ, by roundings that rise with their places."""
        size = "m.finfo({0}.dtype).eps*(1+abs({0}.detach()).max().item())"
        places = "m.arange({0}.numel(),dtype=m.float64).reshape({0}.shape)"
        apart = f"({{0}}+({places}*({4 * sign}*{size})).to({{0}}.dtype))"
        steps = [replace(s, text=s.text.replace("{0}", apart)) if s.op in ops else s for s in self.steps]
        return replace(self, steps=steps)

    def giving_copies(self, picked):
        """This program where the steps that are picked give copies of what they make."""

        def copied(step):
            each = "tuple(x.clone() for x in {})" if step.several else "({}).clone()"
            return replace(step, text=each.replace("{}", step.text))

        return replace(self, steps=[copied(step) if picked(step) else step for step in self.steps])

    def script(self, label=""):
        """Source that runs the program by both packages; the place of a difference is printed above."""
        body = [leaf.line() for leaf in self.leaves] + [step.line() for step in self.steps]
        names = ", ".join(f"v{k}" for k in self.roots)
        seeds = ", ".join(f"weights(m, v{k}, {i})" for i, k in enumerate(self.roots))
        leaves = ", ".join(f"v{k}" for k in self.wanted())
        if self.roots and self.backward:
            body += [f"m.autograd.backward([{names}], [{seeds}])", f"print([x.grad for x in [{leaves}]])"]
        elif self.roots and leaves:
            body += [
                f"grads = m.autograd.grad([{names}], [{leaves}], [{seeds}], create_graph=True, allow_unused=True)",
                "print(grads)",
            ]
            if self.second:
                body += [
                    "firsts = [g for g in grads if g is not None and g.requires_grad]",
                    f"print(m.autograd.grad(firsts, [{leaves}], [weights(m, g, 7 + i) for i, g in "
                    "enumerate(firsts)], allow_unused=True) if firsts else None)",
                ]
        shown = [f"print(v{k})" for k in self.numbers() if not self.roots]
        indent = "".join(f"    {line}\n" for line in body + shown)
        return (
            f'"""Program {self.seed}: {label}"""\nimport sys\nimport traceback\n\nimport numpy as np\n'
            f"\n{HELPERS}\n\ndef log(k, g):\n    print('hook', k, g)\n\n\n"
            f"def run(m):\n    F = m.nn.functional\n{indent}\n\n"
            "for name in sys.argv[1:] or ['torch', 'ctorch']:\n    print('----', name)\n    try:\n"
            "        run(__import__(name))\n    except Exception:\n        traceback.print_exc(limit=-1)\n"
        )
