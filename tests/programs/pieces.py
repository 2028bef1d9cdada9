"""Runs programs by ranges of seeds, each range in a process of its own, and keeps what came of them.

    python tests/programs/pieces.py 0 1000         the programs of these seeds, in this process

The ledger, a file with a line for each range that is done, lets a run go on where it was stopped.
"""

import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
CRASHED, TORCH_CRASHED = "crashed", "left out: PyTorch crashed"


def run_seeds(first, last, note=lambda seed, package: None):
    """What came of the programs from one seed up to another, and scripts of those that are not explained."""
    import torch
    from compare import UNEXPLAINED, Comparison
    from generator import program_of
    from shrink import shrunk

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    kinds, counts, steps, reasons, failures = Counter(), Counter(), Counter(), defaultdict(list), []
    try:
        for seed in range(first, last):
            note(seed, "torch")
            program = program_of(seed)
            note(seed, "both")
            found = Comparison(program, functools.partial(note, seed))
            kinds[found.kind] += 1
            counts.update(found.counts)
            steps.update(step.op for step in program.steps)
            if found.reason:
                reasons[found.reason].append(seed)
            if found.kind == UNEXPLAINED:
                program, label = shrunk(program, found.label)
                failures.append({"seed": seed, "label": label, "script": program.script(label)})
    finally:
        torch.set_num_threads(threads)
    return {
        "first": first,
        "last": last,
        "kinds": kinds,
        "counts": counts,
        "steps": steps,
        "reasons": reasons,
        "failures": failures,
    }


def in_child(first, last):
    """The same in a process of its own; a crash costs one program, which is told."""
    results, start = [], first
    while start < last:
        place = Path(tempfile.gettempdir()) / f"program-at-{os.getpid()}-{first}"
        command = [sys.executable, "-W", "ignore", str(HERE / "pieces.py"), str(start), str(last), str(place)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
        child = subprocess.run(command, capture_output=True, text=True, env=environment)
        seed, _, package = place.read_text().partition(" ") if place.exists() else (str(start), "", "both")
        place.unlink(missing_ok=True)
        if child.returncode == 0:
            results.append(json.loads(child.stdout.splitlines()[-1]))
            break
        if child.returncode > 0:
            raise RuntimeError(f"the runner failed at seed {seed}:\n{child.stderr[-4000:]}")
        at = int(seed)
        if at > start:
            results += in_child(start, at)
        results.append(crash(at, package == "torch", -child.returncode))
        start = at + 1
    return results


def crash(seed, torch_alone, signal):
    """The entry of a program in which a process ended by a signal."""
    failures = [] if torch_alone else [{"seed": seed, "label": f"signal {signal}", "script": f"# program_of({seed})"}]
    return {
        "first": seed,
        "last": seed + 1,
        "kinds": {TORCH_CRASHED if torch_alone else CRASHED: 1},
        "counts": {},
        "steps": {},
        "reasons": {},
        "failures": failures,
    }


def done(ledger):
    """The entries that a ledger has."""
    if ledger is None or not Path(ledger).exists():
        return []
    return [json.loads(line) for line in Path(ledger).read_text().splitlines()]


def run_all(number, piece, ledger=None, seconds=float("inf"), first=0, jobs=1):
    """The entries of all programs of seeds from `first`, as far as the time goes."""
    entries, begun = done(ledger), time.monotonic()
    known = {seed for entry in entries for seed in range(entry["first"], entry["last"])}
    starts = [s for s in range(first, first + number, piece) if not known.issuperset(range(s, s + piece))]

    def one(start):
        late = time.monotonic() - begun > seconds
        return [] if late else in_child(start, min(start + piece, first + number))

    with ThreadPoolExecutor(jobs) as pool:
        for fresh in pool.map(one, starts):
            entries += fresh
            if ledger is not None:
                with open(ledger, "a") as file:
                    file.writelines(json.dumps(entry) + "\n" for entry in fresh)
    return entries


def total(entries, field):
    return sum((Counter(entry[field]) for entry in entries), Counter())


def summary(entries):
    """Lines of the counts."""
    kinds, counts, steps = (total(entries, field) for field in ("kinds", "counts", "steps"))
    reasons = defaultdict(list)
    for entry in entries:
        for why, seeds in entry["reasons"].items():
            reasons[why] += seeds
    yield f"{sum(kinds.values()):8d}  programs of {sum(steps.values())} steps by {len(steps)} operators"
    for kind, n in kinds.most_common():
        yield f"{n:8d}  {kind}"
    for failure in (failure for entry in entries for failure in entry["failures"]):
        yield f"{'':10}{failure['seed']}: {failure['label']}"
    yield ""
    for what, n in sorted(counts.items()):
        yield f"{n:8d}  {what} compared"
    yield ""
    for reason, seeds in sorted(reasons.items(), key=lambda pair: -len(pair[1])):
        yield f"{len(seeds):8d}  excused: {reason} ({', '.join(map(str, seeds[:3]))})"
    yield ""
    for op, n in steps.most_common():
        yield f"{n:8d}  {op}"


def main():
    first, last, *place = sys.argv[1:]

    def note(seed, package):
        if place:
            Path(place[0]).write_text(f"{seed} {package}")

    print(json.dumps(run_seeds(int(first), int(last), note)))


if __name__ == "__main__":
    main()
