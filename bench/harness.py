"""Measures cases: rounds that alternate between the backends, and over them the medians and the best.

On a busy machine medians flatter whoever suffers less from it, so a target must be met by the best times too.
"""
import importlib
import statistics
import time
import timeit
from collections.abc import Callable
from dataclasses import dataclass

SAMPLE_SECONDS = 0.01  # a statement is repeated until one sample lasts this long
SETTLE_SECONDS = 0.002  # lets the other backend's worker threads fall asleep before a sample


@dataclass(frozen=True)
class Statement:
    """A Python statement, timed in the namespace that `setup(torch)` makes for each backend."""

    text: str
    setup: Callable
    target: float | None = None
    label: str = ""

    @property
    def names(self):
        return [self.label or self.text]

    @property
    def targets(self):
        return [self.target]

    def sampler(self, torch):
        timer = timeit.Timer(self.text, globals=self.setup(torch))
        timer.timeit(2)
        number = 1
        while (seconds := timer.timeit(number)) < SAMPLE_SECONDS:
            number = max(2 * number, int(1.1 * number * SAMPLE_SECONDS / (seconds + 1e-9)))
        return lambda: [timer.timeit(number) / number]


@dataclass(frozen=True)
class Sampled:
    """Several times taken together: `sample(torch)` returns the seconds of each name."""

    names: list
    sample: Callable
    targets: list
    rounds: int = 5

    def sampler(self, torch):
        return lambda: self.sample(torch)


@dataclass(frozen=True)
class Limit:
    """One number with a largest allowed value; `measure()` returns it, or None where it cannot be had."""

    name: str
    unit: str
    measure: Callable
    limit: float


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    `value` is what the target is about: the ratio of the medians, or the number itself; `best` is the ratio
    of the shortest times.
    """

    family: str
    name: str
    unit: str
    ours: float | None
    theirs: float | None
    value: float | None
    target: float | None
    best: float | None = None

    @property
    def met(self):
        if self.value is None or self.target is None:
            return None
        return max(self.value, self.best or 0) <= self.target


def backends():
    """Returns ctorch, and PyTorch or None where it is not installed."""
    ours = importlib.import_module("ctorch")
    try:
        theirs = importlib.import_module("torch")
    except ModuleNotFoundError:
        return ours, None
    theirs.set_num_threads(ours.get_num_threads())
    return ours, theirs


def measure(family, case, ours, theirs, rounds):
    """Yields the figures of one case."""
    if isinstance(case, Limit):
        value = case.measure()
        yield Figure(family, case.name, case.unit, value, None, value, case.limit)
        return
    samplers = [case.sampler(torch) for torch in (ours, theirs) if torch is not None]
    samples = [[] for _ in samplers]
    for turn in range(getattr(case, "rounds", rounds)):
        for which in range(len(samplers)) if turn % 2 else reversed(range(len(samplers))):
            time.sleep(SETTLE_SECONDS)
            samples[which].append(samplers[which]())
    medians, shortest = ([[summary(column) for column in zip(*of_backend)] for of_backend in samples]
                         for summary in (statistics.median, min))
    for position, (name, target) in enumerate(zip(case.names, case.targets)):
        mine = medians[0][position]
        if theirs is None:
            yield Figure(family, name, "s", mine, None, None, target)
            continue
        other = medians[1][position]
        best = shortest[0][position] / shortest[1][position]
        yield Figure(family, name, "s", mine, other, mine / other, target, best)
