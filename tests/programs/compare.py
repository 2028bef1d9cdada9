"""Whether two runs of a program came to the same, as far as its conditioning lets one tell."""

import excuses_of_errors  # noqa: F401  they join the others
import excuses_of_forward_mode  # noqa: F401
import excuses_of_numbers  # noqa: F401
import numpy as np
import program_excuses
import torch
from closeness import largest, near, numbers, tolerances
from runner import Outcome, Run, keeping

import ctorch

AGREED, WITHIN, UNCERTAIN = "agreed", "agreed within their conditioning", "left out: roundings decide"
REFUSED, EXCUSED, UNEXPLAINED = "refused by both", "excused", "unexplained"
FAILURES = ("gradients", "second gradients", "batched gradients", "forward mode")
RUNS = 4  # disturbed runs by each package, where the quick comparison fails


class Fault(str):
    """What is wrong with an outcome, in words, and of which kind it is: raises, dtype, requires_grad, shape, values."""

    def __new__(cls, kind, text):
        made = super().__new__(cls, text)
        made.kind = kind
        return made


def nothing(x):
    """No gradient, or one of noughts."""
    return x is None or (x.error is None and (x.values is None or not np.any(x.values)))


def unsure(name, mine, other):
    """What need not agree: what follows a backward that failed, and batches that PyTorch has no rule for."""

    def failed(kind):
        return any(kind in found and found[kind].error is not None for found in (mine, other))

    if name.startswith("batched"):
        return "batched gradients" in other or failed("gradients")
    if name.startswith(("tangent", "forward step")):
        return failed("forward mode")
    if name.startswith("second gradient of"):
        return failed("second gradients") or failed("gradients")
    return name.startswith(("grad of", "hook", "gradient of")) and failed("gradients")


def changed_what_torch_saved(mine, other):
    """Whether only PyTorch misses a value that was changed in place, and in nothing but the gradients."""
    for name, b in other.items():
        a = mine.get(name)
        if b.error is not None and (a is None or a.error is None):
            if "modified by an inplace operation" not in str(b.error):
                return False
            return name in ("gradients", "second gradients")
    return False


def filled(x, like):
    """Noughts for a gradient that there is not."""
    return x if x.values is not None or like.values is None else Outcome(like.dtype, like.values * 0)


class Comparison:
    """What was found of a program: differences by name, and counts."""

    def __init__(self, program, note=lambda package: None):
        self.program = program
        self.mine = Run(ctorch, program)
        self.other = Run(torch, program)
        self.counts = {
            "gradients": 0,
            "second gradients": 0,
            "batched gradients": 0,
            "values": 0,
            "hooks": 0,
            "tangents": 0,
        }
        self.kind, self.label, self.reason = AGREED, None, None
        mine = self.mine.all()
        note("torch")  # which runs alone: a crash from here on is its own
        other = self.other.all()
        self.noisy, self.followed = None, None
        self.gradient = max((largest(b) for name, b in other.items() if "grad" in name), default=0)
        self.tangent = max((largest(b) for name, b in other.items() if "tangent" in name), default=0)
        self.copying = changed_what_torch_saved(mine, other)
        if self.copying:  # the gradients are compared with those of torch where it keeps copies
            with keeping(torch):
                other = Run(torch, program).all()
        self.compare(mine, other)
        if self.copying and self.kind == AGREED:
            self.kind, self.reason = (
                EXCUSED,
                "ctorch saves less: its gradients are right where PyTorch has lost a value",
            )

    def compare(self, mine, other):
        names = [*other, *(name for name in mine if name not in other)]
        steps = sorted((name for name in names if name.startswith("step")), key=lambda name: int(name.split()[1]))
        raised = [name for name in FAILURES if name in names]
        rest = [name for name in names if name not in steps and name not in raised]
        rest.sort(key=lambda name: name.startswith("forward step") + 2 * name.startswith("tangent"))
        for name in [*steps, *raised, *rest]:
            a, b = mine.get(name), other.get(name)
            if unsure(name, mine, other):
                continue
            fault = self.fault(name, a, b)
            if fault is None:
                continue
            if self.followed is None:
                self.followed = Run(ctorch, self.program, lead=self.other).all()
            if mine is not self.followed and self.fault(name, self.followed.get(name), b) is None:
                self.kind, mine = UNCERTAIN, self.followed
                continue
            reason = program_excuses.reason(self.program, name, a, b, fault)
            if reason is None:
                self.kind, self.label = UNEXPLAINED, f"{name}: {fault}"
                return
            self.kind, self.reason, self.label = EXCUSED, reason, f"{name}: {fault}"
            if "step" in name or (name.startswith("value") and fault.kind != "requires_grad"):
                return

    def fault(self, name, a, b):
        """What is wrong with one outcome, or None."""
        if a is None and b is None:
            return None
        if name.startswith(("second gradient", "tangent")) and nothing(a) and nothing(b):
            return None
        if name.startswith(("second gradient of", "tangent")):
            a, b = a or Outcome(), b or Outcome()
            a, b = filled(a, b), filled(b, a)
        if a is None or b is None:
            have = a or b
            said = repr(have.error) if have.error is not None else have.dtype
            return Fault("raises", f"only {'ctorch' if b is None else 'torch'} has it: {said}")
        if a.error is not None or b.error is not None:
            both = a.error is not None and b.error is not None
            if not (both and "not implemented" in str(a.error) and "not implemented" in str(b.error)) and (
                _class(a.error) != _class(b.error)
            ):
                return Fault("raises", f"ctorch {_said(a)}, torch {_said(b)}")
            if self.kind == AGREED and "step" not in name:
                self.kind = REFUSED
            return None
        if a.dtype != b.dtype:
            return Fault("dtype", f"dtype {a.dtype}, not {b.dtype}")
        if a.requires_grad != b.requires_grad and name.startswith("value"):
            return Fault("requires_grad", f"requires_grad is {a.requires_grad}, not {b.requires_grad}")
        if a.values is None:
            return None
        if a.values.shape != b.values.shape:
            return Fault("shape", f"shape {a.values.shape}, not {b.values.shape}")
        self.count(name)
        return self.values(name, numbers(a.values), numbers(b.values))

    def count(self, name):
        kinds = ("second gradients", "batched gradients", "hooks", "tangents")
        kind = next((kind for kind in kinds if name.startswith(kind[:-1])), None)
        self.counts[kind or ("values" if name.startswith("value") else "gradients")] += 1

    def values(self, name, a, b):
        rtol, scale = tolerances(max(self.other.precision, 1e-16))
        largest_tangent = (100 if self.other.precision < 1e-5 else 10) * self.tangent
        scale *= max(1, self.gradient if "grad" in name else largest_tangent if "tangent" in name else 0)
        if near(a, b, rtol, scale).all():
            return None
        spread, odd = self.spread(name, a, b)
        if odd or spread is None:
            self.kind = UNCERTAIN
            return None
        room = 10 * spread + 3 * spread.max(initial=0)
        if near(a, b, rtol, scale, room).all():
            size = np.abs(b[np.isfinite(b)]).max(initial=0)
            if self.kind in (AGREED, WITHIN):
                self.kind = UNCERTAIN if spread.max(initial=0) > 1e-2 * max(size, 1e-6) else WITHIN
            return None
        worst = np.nanargmax(np.where(near(a, b, rtol, scale, room), -1, 1) * 1.0)
        place = np.unravel_index(worst, a.shape)
        said = f"{a[place]}, not {b[place]} at {tuple(map(int, place))} (roundings change it by {spread[place]:.2g})"
        return Fault("values", said)

    def again(self, m, noise):
        if self.copying and m is torch:
            with keeping(torch):
                return Run(m, self.program, noise).all()
        return Run(m, self.program, noise).all()

    def spread(self, name, a, b):
        """How far roundings move each element in either package, and whether they decide on its being finite."""
        if self.noisy is None:
            self.noisy = [(m, self.again(m, np.random.default_rng(k))) for m in (torch, ctorch) for k in range(RUNS)]
        spread = np.zeros(b.shape)
        for m, run in self.noisy:
            base, c = a if m is ctorch else b, run.get(name)
            if c is None or c.values is None or c.values.shape != b.shape:
                return None, True
            c = numbers(c.values)
            if (np.isfinite(c) != np.isfinite(base)).any():
                return None, True
            with np.errstate(all="ignore"):
                spread = np.maximum(spread, np.nan_to_num(np.abs(c - base), nan=0.0, posinf=0.0))
        return spread, False


def _class(error):
    return type(error).__name__.lstrip("_")  # PyTorch's LinAlgError is called _LinAlgError


def _said(outcome):
    return f"raises {outcome.error!r}" if outcome.error is not None else f"gives {outcome.dtype}"
