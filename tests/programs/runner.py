"""Runs a program by one package: what came of its values and gradients, as plain arrays, by the name of each."""

import math
import re
import warnings
from dataclasses import dataclass, replace

import numpy as np
from closeness import near, numbers, tolerances
from program import Step

SQUASHED = re.compile(r"\bv\d+\.(sigmoid|tanh)\(\)")  # arguments of operators whose domain ends


@dataclass
class Outcome:
    """One thing that was worked out: an array, or the class of an exception, or that there is nothing."""

    dtype: str = "none"
    values: object = None
    error: object = None
    requires_grad: bool = False
    strides: tuple = ()


def environment(m, hooks=None):
    """The names that the lines of a program use."""

    def log(k, g):
        if hooks is not None and g is not None:  # PyTorch tells hooks of gradients that there are not
            hooks.append((k, g.detach().clone()))

    return {"m": m, "F": m.nn.functional, "log": log}


def weights(m, x, k):
    """Weights of a sum over x that do not repeat, as the scripts have them."""
    w = np.cos(0.7 * k + 1.3 * np.arange(1, x.numel() + 1)).reshape(tuple(x.shape))
    return m.tensor(w + 1j * np.sin(3 * w) if x.is_complex() else w).to(x.dtype)


def plain(m, x):
    """A tensor as an outcome."""
    if x is None:
        return Outcome()
    if not isinstance(x, m.Tensor):
        return Outcome(type(x).__name__, np.asarray(x) if isinstance(x, (int, float, bool)) else None)
    y = x.detach()
    name = str(y.dtype).rpartition(".")[2]
    if name in ("float16", "bfloat16"):
        y = y.to(m.float32)
    if hasattr(m, "_efficientzerotensor") and y._is_zerotensor():
        y = m.zeros(y.shape, dtype=y.dtype)  # PyTorch writes the noughts of a view beside its memory
    return Outcome(name, np.array(y.numpy(force=True)), requires_grad=x.requires_grad, strides=tuple(x.stride()))


def keeping(m):
    """Within this, copies of what is saved are kept, so that a change of it does no harm."""
    return m.autograd.graph.saved_tensors_hooks(lambda x: x.clone(), lambda x: x)


class Run:
    """A program under way in one package.

    `noise` changes results by some roundings, to see what hangs on them. `lead`, a run of the other package, gives what
    its steps made to this one's where they made nearly the same, so that no rounding comes from earlier steps.
    """

    def __init__(self, m, program, noise=None, lead=None):
        self.m, self.program, self.noise, self.lead = m, program, noise, lead
        self.made = {}  # what each step made, for runs that follow this one
        self.added = {}  # what changes that no gradient sees added to a value
        self.hooks = []
        self.names = self.environment(self.hooks)
        self.found = {}
        self.refused_again = {}
        self.primals = {}  # values beside tangents, after steps that were tried again
        self.precision = 0.0

    # ---- forward

    def environment(self, hooks=None):
        return {**environment(self.m, hooks), "shaken": self.shaken}

    def line(self, step):
        return step.line() if self.noise is None else SQUASHED.sub(r"shaken(\g<0>)", step.line())

    def forward(self):
        for leaf in self.program.leaves:
            exec(leaf.line(), self.names)
            x = self.names[f"v{leaf.number}"]
            if x.is_floating_point() or x.is_complex():
                self.precision = max(self.precision, self.m.finfo(x.dtype).eps)
        for place, step in enumerate(self.program.steps):
            unseen = step.operands[0] if step.changes and step.unseen() else None
            before = unseen is not None and plain(self.m, self.names.get(f"v{unseen}")).values
            try:
                exec(self.line(step), self.names)
            except Exception as error:
                self.found[f"step {place} ({step.op})"] = Outcome(error=error)
                for k in step.results:
                    self.names.pop(f"v{k}", None)
                continue
            for k in step.results or step.operands[:1]:
                self.made[place, k] = plain(self.m, self.names[f"v{k}"])
                self.look(self.names[f"v{k}"], step, (place, k))
            if unseen is not None and before.dtype.kind in "fc":
                self.added[place] = self.made[place, unseen].values - before

    def shaken(self, x):
        """What was squashed within a step, some roundings nearer to zero, as all there may be."""
        return x * (1 - self.noise.uniform(0, 4) * self.m.finfo(x.dtype).eps) if x.is_floating_point() else x

    def look(self, x, step, where):
        if not isinstance(x, self.m.Tensor):
            return
        if self.lead is not None:
            follow(self.m, x, self.lead.made.get(where), step, self.lead.precision)
        if not (x.is_floating_point() or x.is_complex()):
            return
        self.precision = max(self.precision, self.m.finfo(x.dtype).eps)
        if self.noise is not None:
            disturb(self.m, x, self.noise, step.op in ROUGH)

    # ---- the comparisons, each of which notes what it finds

    def values(self):
        for k in self.program.numbers():
            if f"v{k}" in self.names:
                self.found[f"value v{k}"] = plain(self.m, self.names[f"v{k}"])

    def ready(self):
        return bool(self.program.roots and self.program.wanted()) and all(
            f"v{k}" in self.names for k in self.program.roots
        )

    def parts(self):
        roots = [(i, self.names[f"v{k}"]) for i, k in enumerate(self.program.roots)]
        roots = [(i, x) for i, x in roots if x.requires_grad]  # others are compared as values
        leaves = [self.names[f"v{k}"] for k in self.program.wanted()]
        return [x for _, x in roots], leaves, [weights(self.m, x, i) for i, x in roots]

    def gradients(self):
        """First derivatives of the roots, by the leaves."""
        self.firsts = []
        if not self.ready():
            return
        roots, leaves, seeds = self.parts()
        if not roots:
            return
        try:
            if self.program.backward:
                self.m.autograd.backward(roots, seeds, retain_graph=True)
                grads = [x.grad for x in leaves]
            else:
                grads = self.m.autograd.grad(roots, leaves, seeds, create_graph=True, allow_unused=True)
                self.firsts = grads
        except Exception as error:
            self.found["gradients"] = Outcome(error=error)
            self.firsts = []
            return
        for k, g in zip(self.program.wanted(), grads):
            self.found[f"gradient of v{k}"] = plain(self.m, g)

    def accumulated(self):
        """What lies in .grad, of leaves and of values that keep theirs."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for k in self.program.numbers():
                x = self.names.get(f"v{k}")
                mine = k in self.program.wanted() or (isinstance(x, self.m.Tensor) and x.retains_grad)
                if mine and isinstance(x, self.m.Tensor) and x.grad is not None:
                    self.found[f"grad of v{k}"] = plain(self.m, x.grad)

    def hooked(self):
        """What the hooks saw, each in its order."""
        for place, (k, g) in enumerate(sorted(self.hooks, key=lambda pair: pair[0])):
            self.found[f"hook {place} ({k})"] = plain(self.m, g)

    def second_gradients(self):
        """Derivatives of a sum over the gradients; nought where the gradients are constant."""
        firsts = [(i, g) for i, g in enumerate(self.firsts) if g is not None and g.requires_grad]
        if not firsts or not self.program.second:
            return
        leaves = [self.names[f"v{k}"] for k in self.program.wanted()]
        seeds = [weights(self.m, g, 7 + i) for i, g in firsts]
        try:
            grads = self.m.autograd.grad([g for _, g in firsts], leaves, seeds, allow_unused=True, retain_graph=True)
        except Exception as error:
            self.found["second gradients"] = Outcome(error=error)
            return
        for k, g in zip(self.program.wanted(), grads):
            self.found[f"second gradient of v{k}"] = plain(self.m, g)

    def batched_gradients(self):
        """Several gradients at once."""
        if not self.ready() or not self.program.batched or "gradients" in self.found:
            return
        roots, leaves, seeds = self.parts()
        if not roots:
            return
        seeds = [self.m.stack([s, s * 0, 2 * s]) for s in seeds]
        try:
            grads = self.m.autograd.grad(
                roots, leaves, seeds, allow_unused=True, is_grads_batched=True, retain_graph=True
            )
        except Exception as error:
            self.found["batched gradients"] = Outcome(error=error)
            return
        for k, g in zip(self.program.wanted(), grads):
            self.found[f"batched gradient of v{k}"] = plain(self.m, g)

    def once_more(self, start, skip=False, change=None, watch=None, hidden=Step.unseen):
        """The names after the program has run again from other leaves; or what a step raises that did not before.

        What was refused before is tried again, or left out. `change` gives another value for what a step made, and then
        what is `hidden` from derivatives is as it was. `watch` looks at the names before and after each step.
        """
        names = self.environment()
        refused = {name for name in self.found if name.startswith("step")}
        self.m.manual_seed(self.program.seed)
        for i, leaf in enumerate(self.program.leaves):
            # of every other program with gradients as well
            exec((leaf if self.program.seed % 2 else replace(leaf, requires_grad=False)).line(), names)
            if leaf.requires_grad:
                x = names[f"v{leaf.number}"]
                names[f"v{leaf.number}"] = start(x, weights(self.m, x, 20 + i)) * 1
        for place, step in enumerate(self.program.steps):
            known = f"step {place} ({step.op})" in refused
            if known and skip:
                continue
            if watch is not None:
                watch(step, names)
            keeps = change is not None and not known and hidden(step)
            held = keeps and place in self.added and names[f"v{step.operands[0]}"].detach().clone()
            try:
                exec(self.line(step), names)
            except Exception as error:
                for k in step.results:
                    names.pop(f"v{k}", None)
                if not known:
                    return error
                self.refused_again[f"forward step {place} ({step.op})"] = Outcome(error=error)
            for k in step.results or step.operands[:1]:
                if f"v{k}" in names:
                    self.look(names[f"v{k}"], step, (place, k))
            if keeps:
                self.hold(place, step, names, held)
            for k in step.results if change is not None and not known else ():
                names[f"v{k}"] = change(k, names[f"v{k}"])
            if watch is not None:
                watch(step, names)
        return names

    def hold(self, place, step, names, before):
        """Gives what a step made or changed, and no gradient sees, the numbers or the difference of the first run."""
        if place in self.added:
            names[f"v{step.operands[0]}"].data.copy_(before + self.m.tensor(self.added[place]).to(before.dtype))
        for k in step.results if step.without_grad else ():
            x, made = names[f"v{k}"], self.made[place, k].values
            if isinstance(x, self.m.Tensor) and not x.requires_grad and x._base is None:
                x.copy_(self.m.tensor(made).to(x.dtype))

    def tangents(self):
        """Derivatives along one direction of the leaves, by forward mode."""
        mode = self.m.autograd.forward_ad
        with mode.dual_level():
            names = self.once_more(mode.make_dual)
            if isinstance(names, Exception):
                self.found["forward mode"] = Outcome(error=names)
                return
            self.found.update(self.refused_again)
            for k in self.program.numbers():
                x = names.get(f"v{k}")
                if isinstance(x, self.m.Tensor) and (x.is_floating_point() or x.is_complex()):
                    with self.m.no_grad():
                        self.found[f"tangent of v{k}"] = self.tangent(mode, x)
                        self.primals[k] = plain(self.m, x)

    def stages(self):
        """Of each step, the numbers and tangents of its operands and results before it, and those after it."""
        mode, seen = self.m.autograd.forward_ad, []

        def watch(step, names):
            with self.m.no_grad():
                xs = {k: names.get(f"v{k}") for k in (*step.operands, *step.results)}
                xs = {k: x for k, x in xs.items() if isinstance(x, self.m.Tensor)}
                seen.append({k: (plain(self.m, x), self.tangent(mode, x)) for k, x in xs.items()})

        with mode.dual_level():
            self.once_more(mode.make_dual, watch=watch)
        return list(zip(seen[::2], seen[1::2]))

    def tangent(self, mode, x):
        try:
            return plain(self.m, mode.unpack_dual(x).tangent)
        except RuntimeError as error:  # of PyTorch's views of another dtype
            return Outcome(error=error)

    def differences(self, number):
        """The same of one value by central differences; None where they cannot be had."""
        step, sides = self.precision ** (1 / 3), []
        for sign in (1, -1):
            names = self.once_more(lambda x, t, h=sign * step: x + h * t, change=lambda k, x: x, hidden=Step.detached)
            if isinstance(names, Exception) or f"v{number}" not in names:
                return None
            sides.append(plain(self.m, names[f"v{number}"]).values)
        with np.errstate(all="ignore"):
            return (sides[0] - sides[1]) / (2 * step)

    def pulled(self, number, weights_of):
        """Along the same direction, the derivatives of weighted sums over one value, by reverse mode; None without."""
        leaves = []

        def start(x, t):
            leaves.append((x.detach().requires_grad_(), t))
            return leaves[-1][0]

        names, found = self.once_more(start), []
        y = None if isinstance(names, Exception) else names.get(f"v{number}")
        if y is None or not y.requires_grad:
            return None
        for weight in weights_of:
            if tuple(y.shape) != weight.shape:
                return None
            seed = self.m.tensor(weight).to(y.dtype)
            try:
                grads = self.m.autograd.grad([y], [x for x, _ in leaves], [seed], allow_unused=True, retain_graph=True)
            except Exception:
                return None
            found.append(sum(float((g.conj() * t).real.sum()) for g, (_, t) in zip(grads, leaves) if g is not None))
        return found

    def slopes(self, number, direction, second):
        """Derivatives of a weighted sum over the roots, or their gradients, to both sides of a value."""
        step = self.precision ** (1 / 3)
        sums = [self.weighted(number, h * direction, second) for h in (-step, 0, step)]
        return None if None in sums else ((sums[1] - sums[0]) / step, (sums[2] - sums[1]) / step)

    def weighted(self, number, shift, second):
        """That sum where one value is shifted; None where it cannot be had."""
        leaves, wanted = [], self.program.wanted()

        def shifted(k, x):
            return x + self.m.tensor(shift).to(x.dtype) if k == number else x

        def start(x, t):
            leaves.append(shifted(wanted[len(leaves)], x).detach().requires_grad_())
            return leaves[-1]

        try:
            names = self.once_more(start, True, shifted)
        except RuntimeError:  # where the value has another shape
            return None
        if isinstance(names, Exception) or any(f"v{k}" not in names for k in self.program.roots):
            return None
        sums = [(weights(self.m, x, i), x) for i, x in enumerate(names[f"v{k}"] for k in self.program.roots)]
        sums = [(w, x) for w, x in sums if x.requires_grad]
        if second:
            roots, seeds = [x for _, x in sums], [w for w, _ in sums]
            try:
                grads = self.m.autograd.grad(roots, leaves, seeds, create_graph=True, allow_unused=True)
            except RuntimeError:
                return None
            sums = [(weights(self.m, g, 7 + i), g) for i, g in enumerate(grads) if g is not None and g.requires_grad]
        return sum(float((w.conj() * x.detach()).real.sum()) for w, x in sums)

    COMPARISONS = (values, gradients, accumulated, hooked, second_gradients, batched_gradients, tangents)

    def all(self):
        """Everything, by name."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            self.m.manual_seed(self.program.seed)
            self.forward()
            for comparison in self.COMPARISONS:
                comparison(self)
        return self.found


# Which of equal elements these choose is not said.
CHOOSING = {"kthvalue", "topk", "sort", "argsort", "mode", "median", "median_dim", "nanmedian"}


def follow(m, x, lead, step, precision):
    """Gives x the values of another run, where they are nearly its own."""
    y = x.data
    if lead is None or lead.values is None or tuple(y.shape) != lead.values.shape or not y.numel() or overlapping(y):
        return
    mine = plain(m, y)
    if mine.dtype != lead.dtype:
        return
    if mine.dtype == "int64":
        if step.op in CHOOSING:
            y.copy_(m.tensor(lead.values))
    elif y.is_floating_point() or y.is_complex():
        rtol, scale = tolerances(max(precision, 1e-16))
        if near(numbers(mine.values), numbers(lead.values), rtol, scale).all():
            y.copy_(m.tensor(lead.values).to(y.dtype))


# What is nought by subtraction may come out as a rounding.
ROUGH = {
    "layer_norm", "batch_norm", "group_norm", "instance_norm", "var", "std", "var_mean", "std_mean", "diff", "det",
    "cross",
}  # fmt: skip


def disturb(m, x, noise, rough):
    """Changes what was rounded by up to four roundings, and likewise its gradient on the way back."""
    eps = 4 * m.finfo(x.dtype).eps

    def wiggle(t):
        u = noise.uniform(-eps, eps, tuple(t.shape))
        u = m.tensor(u + 1j * noise.uniform(-eps, eps, u.shape) if t.is_complex() else u, dtype=t.dtype)
        return t * (1 + u)

    y = x.data
    if y.numel() and x.is_floating_point() and len(set(zip(y.stride(), y.shape))) and not overlapping(y):
        short = (y * 64).round() == y * 64  # numbers of few digits were hardly rounded
        y.copy_(wiggle(y + 1) - 1 if rough else m.where(short, y, wiggle(y)))
    elif y.numel() and x.is_complex() and not overlapping(y):
        y.copy_(wiggle(y))
    try:
        if x.requires_grad and not x.is_leaf:
            x.register_hook(wiggle)
    except RuntimeError:  # a view whose history cannot be told any more
        pass


def overlapping(y):
    return any(step == 0 and size > 1 for size, step in zip(y.shape, y.stride())) or (
        math.prod(y.shape) > 1 + sum((size - 1) * step for size, step in zip(y.shape, y.stride()))
    )
