"""Every family of operators at several sizes and layouts, beside PyTorch: `python -m bench families --help`.

A family's target is a geometric mean of the ratios of at most 0.8, and none above 1.3. What is above is measured
again when all others have been, for longer each time, and the lowest of its ratios counts: other programs of a machine
slow one backend for seconds at a time, never all the while.
"""
import gc
import importlib
import json
import math
import pkgutil
import statistics
import time
import timeit
from dataclasses import asdict, dataclass

from bench import harness, report

TITLE = "Families"
MEAN, WORST = 0.8, 1.3  # targets
FULL = ({"rounds": 5, "sample": 0.002, "seconds": 0.25}, {"rounds": 11, "sample": 0.005, "seconds": 1.0},
        {"rounds": 21, "sample": 0.01, "seconds": 3.0})
QUICK = ({"rounds": 3, "sample": 0.0005, "seconds": 0.06}, {"rounds": 7, "sample": 0.002, "seconds": 0.2})
UNIT = "of torch's time"


@dataclass(frozen=True)
class Ratio:
    """One case measured: the medians of both, and the ratio of the medians and of the shortest."""

    family: str
    name: str
    size: int
    layout: str
    ours: float
    theirs: float
    value: float
    best: float

    @property
    def judged(self):
        """What targets are about: on a busy machine medians flatter whoever suffers less from it."""
        return max(self.value, self.best)


def cases(only=(), sizes=(), layouts=(), match=""):
    """Yields the cases of every module, or those asked for."""
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__)):
        if module == "case":
            continue
        for case in importlib.import_module(f"{__name__}.{module}").cases():
            if (not only or any(word in case.family for word in only)) and (not sizes or case.size in sizes) \
                    and (not layouts or case.layout in layouts) and match in case.name:
                yield case


def quick(case):
    """Whether the short form measures a case: of large ones those that are quick themselves, below them two layouts."""
    if case.size >= 10**6:
        return case.layout == "contiguous" and case.size <= 10**6 and case.family not in ("special", "linalg")
    return case.layout in ("contiguous", "sliced") or (case.size <= 1_000 and case.layout == "broadcast")


def sampler(case, torch, sample):
    """A function that takes one sample, the seconds of one call, and what one call takes at first."""
    names = case.namespace(torch)
    names["_"] = None
    timer = timeit.Timer(case.text, globals=names)
    timer.timeit(1)
    number, seconds = 1, timer.timeit(1)
    while seconds < sample:
        number = max(2 * number, int(1.1 * number * sample / (seconds + 1e-9)))
        seconds = timer.timeit(number)

    def once():
        if seconds < 0.02:
            timer.timeit(1)  # the other backend had the caches
        return timer.timeit(number) / number

    return once, seconds


def measure(case, ours, theirs, rounds, sample, seconds):
    """Samples both in turns until the rounds or the seconds are used up, but twice at least."""
    samplers, first = zip(*(sampler(case, torch, sample) for torch in (ours, theirs)))
    samples = [[], []]
    count = max(2, min(rounds, int(seconds / sum(first))))
    for turn in range(count):
        for which in (0, 1) if turn % 2 else (1, 0):
            time.sleep(min(harness.SETTLE_SECONDS, 2 * sample))
            samples[which].append(samplers[which]())
    mine, other = map(statistics.median, samples)
    return Ratio(case.family, case.name, case.size, case.layout, mine, other, mine / other,
                 min(samples[0]) / min(samples[1]))


def measures(chosen, ours, theirs, efforts, tell):
    """The ratio of each case; `tell` hears of each measure."""
    ratios = [None] * len(chosen)
    for effort in efforts:
        for place, case in enumerate(chosen):
            before = ratios[place]
            if before is not None and before.judged <= WORST:
                continue
            ratio = measure(case, ours, theirs, **effort)
            tell(ratio)
            ratios[place] = ratio if before is None else min(before, ratio, key=lambda each: each.judged)
            if case.size >= 10**6:
                gc.collect()
    return ratios


def size_text(size):
    exponent = int(math.log10(size))
    return f"1e{exponent}" if size == 10**exponent else f"{size:,}"


def line(ratio):
    where = f"{ratio.name:58.58}{size_text(ratio.size):>10} {ratio.layout:10}"
    ours, theirs = report.seconds(ratio.ours), report.seconds(ratio.theirs)
    return f"  {where}{ours:>11}{theirs:>11}{ratio.value:>8.2f}{ratio.best:>8.2f}"


def figures(ratios):
    """Two figures for each family: the geometric mean and the worst ratio, with their targets."""
    for family in dict.fromkeys(ratio.family for ratio in ratios):
        own = [ratio for ratio in ratios if ratio.family == family]
        mean = math.exp(statistics.fmean(math.log(ratio.judged) for ratio in own))
        worst = max(own, key=lambda ratio: ratio.judged)
        yield harness.Figure(TITLE, f"{family}: mean of {len(own)}", UNIT, mean, None, mean, MEAN)
        yield harness.Figure(TITLE, f"{family}: worst", UNIT, worst.judged, None, worst.judged, WORST)


def table(ratios):
    """The families, one a line, and below them the cases that miss the target."""
    lines = [f"\n  {'':26}{'cases':>7}{'mean':>8}{'worst':>8}{'above ' + str(WORST):>11}   worst case"]
    for family in dict.fromkeys(ratio.family for ratio in ratios):
        own = sorted((ratio for ratio in ratios if ratio.family == family), key=lambda ratio: -ratio.judged)
        mean = math.exp(statistics.fmean(math.log(ratio.judged) for ratio in own))
        above = sum(ratio.judged > WORST for ratio in own)
        marks = report.MARKS[mean <= MEAN and not above]
        lines.append(f"  {family:26}{len(own):>7}{mean:>8.2f}{own[0].judged:>8.2f}{above:>11} {marks} "
                     f"{own[0].name}, {size_text(own[0].size)}, {own[0].layout}")
    missed = sorted((ratio for ratio in ratios if ratio.judged > WORST), key=lambda ratio: -ratio.judged)
    if missed:
        lines += [f"\n  {'above ' + str(WORST):69} {'':10}{'ctorch':>11}{'torch':>11}{'ratio':>8}{'best':>8}",
                  *map(line, missed)]
    return "\n".join(lines)


def run(ours, theirs, options):
    """Measures what the options ask for, prints the table, writes bench-families.json; returns the figures."""
    if theirs is None:
        print("  nothing to compare with: `make bench TORCH=1` installs torch beside ctorch")
        return []
    chosen = list(cases(options.only, options.size, options.layout, options.match))
    if options.quick:
        chosen = [case for case in chosen if quick(case)]
    start = time.perf_counter()
    tell = (lambda ratio: print(line(ratio), flush=True)) if options.verbose else (lambda ratio: None)
    ratios = measures(chosen, ours, theirs, QUICK if options.quick else FULL, tell)
    if not ratios:
        raise SystemExit("no case is named so")
    print(table(ratios))
    print(f"\n  {len(ratios)} cases in {time.perf_counter() - start:.0f} s")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench-families.json").write_text(json.dumps([asdict(ratio) for ratio in ratios], indent=1))
    return list(figures(ratios))


def add_options(parser):
    """The options of this family, for the command line of all."""
    group = parser.add_argument_group("families")
    group.add_argument("--only", nargs="+", default=[], metavar="NAME",
                       help="families whose name contains one of these")
    group.add_argument("--size", nargs="+", type=lambda text: int(float(text)), default=[], help="sizes, such as 1e5")
    group.add_argument("--layout", nargs="+", default=[], help="contiguous, transposed, broadcast, sliced")
    group.add_argument("--match", default="", metavar="TEXT", help="cases whose statement contains this")
    group.add_argument("--quick", action="store_true", help="fewer layouts and shorter samples")
    group.add_argument("--verbose", "-v", action="store_true", help="one line for each case")
