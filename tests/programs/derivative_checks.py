"""Which of two derivatives is right, by what else PyTorch knows of the program: its gradients, or its values."""

from dataclasses import replace

import numpy as np
import torch
from closeness import near, numbers, tolerances
from program_excuses import CHANGED, alike, says
from runner import Run, keeping

import ctorch

PLACES = 4  # that are looked at


def comparable(mine, other):
    """Whether there are numbers of one shape, or of one package alone."""
    shapes = {x.values.shape for x in (mine, other) if x is not None and x.values is not None}
    return len(shapes) == 1


def arrays(mine, other):
    """Two derivatives as numbers, noughts where there are none."""
    shape = next(x.values.shape for x in (mine, other) if x is not None and x.values is not None)
    return [np.zeros(shape) if x is None or x.values is None else numbers(x.values) for x in (mine, other)]


def precise(program, *found):
    """A relative error that roundings do not reach."""
    dtypes = " ".join([x.dtype for x in found if x is not None] + [leaf.dtype for leaf in program.leaves])
    return 5e-2 if "float16" in dtypes else 1e-3 if "float32" in dtypes or "complex64" in dtypes else 1e-5


def alike_elsewhere(program, mine, other, odd):
    """Whether some elements are odd, and all others are near, as far as the dtypes on the way let one tell."""
    run = Run(torch, program)
    run.forward()
    rtol, scale = (max(pair) for pair in zip(tolerances(max(run.precision, 1e-16)), (1e-4, 1e-6)))
    room = max(1e-4, run.precision) if run.precision > 1e-10 else 1e-6
    return bool(odd.any() and near(mine.values[~odd], other.values[~odd], rtol, scale, room).all())


def nan_in_theirs_alone(program, mine, other):
    """Whether the two differ only where PyTorch's are NaN and ctorch's are finite."""
    return alike_elsewhere(program, mine, other, np.isnan(other.values) & np.isfinite(mine.values))


def given(program, name, m=torch):
    """What a package gives of a program where a change of what it saved does no harm."""
    with keeping(m):
        return Run(m, program).all().get(name)


def fresh(program, m=ctorch):
    """The values that are no views."""
    run = Run(m, program)
    run.forward()
    return {k for k in program.numbers() if getattr(run.names.get(f"v{k}"), "_base", run) is None}


def same(program, mine, other):
    """Whether two outcomes are one: numbers that are near, exceptions of one class, or nothing."""
    errors = [getattr(x, "error", None) for x in (mine, other)]
    if errors != [None, None]:
        return len({type(error).__name__.lstrip("_") for error in errors}) == 1
    missing = [x is None or x.values is None for x in (mine, other)]
    if any(missing):
        return all(missing)
    return mine.dtype == other.dtype and alike(mine, other, precise(program, mine, other))


def explains(program, name, mine, other, twin):
    """Whether PyTorch gives of a program that means the same what ctorch gives, and something else of this one."""
    if says(mine, CHANGED):  # which PyTorch does not say where it keeps copies
        return not says(other, CHANGED) and says(Run(torch, twin).all().get(name), CHANGED)
    return twin != program and not same(program, mine, other) and same(program, mine, given(twin, name))


def reconciles(program, name, mine, other, twin):
    """Whether both packages give the same of another program, and not of this one."""
    return not same(program, mine, other) and same(program, given(twin, name, ctorch), given(twin, name))


def apart(program, mine, other):
    """Whether two derivatives differ, of which each may be missing where it is nought."""
    if None in (mine, other) or mine.error is not None or other.error is not None:
        return not same(program, mine, other)
    if mine.values is None and other.values is None:
        return False
    if not comparable(mine, other):
        return True
    a, b = arrays(mine, other)
    rtol = precise(program, mine, other)
    return not np.allclose(a, b, rtol=rtol, atol=rtol / 100, equal_nan=True)


def judged(a, b, rtol, asked):
    """Whether some elements that differ are those of a by other means, and none of those looked at are b's.

    `asked` gives the elements of some places by these means, or None.
    """
    with np.errstate(all="ignore"):
        far = np.abs(a - b)
        least = 1e-2 * rtol * np.abs(a[np.isfinite(a)]).max(initial=0)  # beside NaN all others are roundings
        differ = np.flatnonzero(~(far <= max(0.1 * far[np.isfinite(far)].max(initial=0), least)))
        places = [(int(at), unit) for at in differ[:: max(1, len(differ) // PLACES)] for unit in (1, 1j)]
        places = [(at, unit) for at, unit in places if unit == 1 or np.iscomplexobj(a)]
        found = asked(places, a.shape)
        right = wrong = 0
        for (at, unit), want in zip(places, found or ()):
            mine, other = (abs((np.conj(unit) * x.flat[at]).real - want) for x in (a, b))
            room = rtol * (abs(want) + abs(a.flat[at])) + 1e-10
            if rtol >= 5e-2:  # half numbers of a gradient that is large elsewhere
                room += 1e-3 * abs(mine - other)
            right += bool(mine <= room and not other <= max(room if rtol > 1e-3 else 0, 4 * mine))
            wrong += bool(other <= room and not mine <= max(room if rtol > 1e-3 else 0, 4 * other))
    return right > 0 and not wrong


def unit_arrays(places, shape):
    """One array for each place, which is nought elsewhere."""
    for at, unit in places:
        x = np.zeros(shape, type(unit))
        x.flat[at] = unit
        yield x


def transposed(program, name, mine, other, m=torch):
    """Whether, of two tangents, the gradients of a package say that the first is right and the second wrong.

    In double precision, or, where that draws other random numbers, in the program's own.
    """

    def asked(places, shape):
        with keeping(m):
            return run.pulled(int(name.removeprefix("tangent of v")), list(unit_arrays(places, shape)))

    for traced in (program.widened().traced(), program.traced()):
        run = Run(m, traced)
        run.forward()
        if judged(*arrays(mine, other), precise(program, mine, other), asked):
            return True
    return False


def differentiated(program, name, mine, other):
    """The same by central differences of PyTorch's values, but where these jump."""
    number, want = int(name.removeprefix("tangent of v")), None
    for twin in (program.widened(), program):  # PyTorch may refuse the wider one
        if want is None:
            run = Run(torch, twin)
            run.all()
            want = run.differences(number)
    a, b = arrays(mine, other)
    if want is None or run.precision > 1e-5 or not a.shape == b.shape == want.shape or not a.size:
        return False
    with np.errstate(all="ignore"):
        smooth = np.abs(want) < 1e3 * (1 + np.abs(a[np.isfinite(a)]).max(initial=0))
        smooth &= np.isfinite(a) | np.isfinite(b)
        size = np.abs(want[smooth]).max(initial=0)
        far = [np.abs(found - want)[smooth].max(initial=0) for found in (a, b)]
    return bool(far[0] <= max(1e-3, precise(program, mine, other)) * size) and not far[1] <= 4 * far[0]


def rising(program, name, mine, other, m=torch, one_side=False):
    """Whether, of two gradients, differences of a package's values or gradients say that the first is right.

    Differences to both sides, or, at kinks, to that side which is nearer to the first, wherever one is.
    """
    program, mine, other = without_hooks(program, name, mine, other)
    slopes, precision = slopes_of(program, name, m)

    def asked(places, shape):
        found = slopes(places, shape)
        if not found or not one_side:
            return found and [(left + right) / 2 for left, right in found]
        values = [(np.conj(unit) * arrays(mine, other)[0].flat[at]).real for at, unit in places]
        return [min(sides, key=lambda side: abs(side - v)) for sides, v in zip(found, values)]

    rtol = max(precise(program, mine, other), 0 if precision < 1e-10 else 1e-2)
    return bool(comparable(mine, other)) and judged(*arrays(mine, other), rtol, asked)


def confirmed(program, sort="gradient", m=torch):
    """Whether all gradients of ctorch are as differences of a package's values, at some places of each.

    The same of "second gradient"s, and differences of gradients.
    """
    program = replace(program.unhooked(), backward=False)
    found = Run(ctorch, program).all()
    for leaf in program.leaves:
        if leaf.requires_grad:
            name = f"{sort} of v{leaf.number}"
            (slopes, precision), g = slopes_of(program, name, m), found.get(name)
            g = np.zeros(leaf.shape) if g is None or g.values is None else numbers(g.values)
            every = max(1, g.size // PLACES)
            places = [(at, unit) for at in range(0, g.size, every) for unit in (1, 1j)[: 1 + np.iscomplexobj(g)]]
            sides = slopes(places, g.shape)
            if sides is None or not np.isfinite(g).all():
                return False
            rtol = max(precise(program, found.get(name)), 0 if precision < 1e-10 else 1e-2)
            for (at, unit), (left, right) in zip(places, sides):
                far = [abs((np.conj(unit) * g.flat[at]).real - want) for want in (left, right)]
                if not max(far) <= rtol * (1 + np.abs(g).max(initial=0)):
                    return False
    return True


def bending(program, name, mine, other):
    """Whether PyTorch's values or gradients have a kink, or jump, wherever two gradients differ."""
    program, mine, other = without_hooks(program, name, mine, other)
    (slopes, _), kinks = slopes_of(program, name), []

    def asked(places, shape):
        found = slopes(places, shape)
        kinks.extend(abs(left - right) > 1e-3 * (1 + abs(left) + abs(right)) for left, right in found or ())

    if comparable(mine, other):
        judged(*arrays(mine, other), 0, asked)
    return bool(kinks) and all(kinks)


def without_hooks(program, name, mine, other):
    """The same gradients without hooks, which change them."""
    if all(step.op != "register_hook" for step in program.steps):
        return program, mine, other
    program = program.unhooked()
    return program, *(Run(m, program).all().get(name) for m in (ctorch, torch))


def slopes_of(program, name, m=torch):
    """What gives, by differences in double precision, the slopes to both sides of places in a value; the precision."""
    run = Run(m, program.widened())
    run.forward()
    second, number = name.startswith("second"), int(name.rpartition("v")[2])

    def slopes(places, shape):
        with keeping(m):
            found = [run.slopes(number, x, second) for x in unit_arrays(places, shape)]
        return None if run.precision > 1e-5 or None in found else found

    return slopes, run.precision
