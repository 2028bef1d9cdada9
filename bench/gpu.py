"""Kernels on a GPU: the share of the bandwidth of a plain copy that they reach, and what their first use costs.

`python -m bench.gpu`, beside PyTorch where that has CUDA too. Times are the device's own, between events. On the
software device the code runs with few elements, and no time is printed: it would say nothing of a GPU.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from . import report

SAMPLE_SECONDS = 0.02                # a statement is repeated until one sample lasts this long
# statement -> arrays that it must read or write at least once
STATEMENTS = {
    "x + y": 3, "x * 2": 2, "x.exp()": 2, "x.tanh()": 2, "x.sigmoid()": 2, "(x > y)": 2.25, "x.t().contiguous()": 2,
    "x.sum()": 1, "x.sum(0)": 1, "x.sum(1)": 1, "x.amax()": 1, "x.mean()": 1, "x.softmax(-1)": 2,
}
FIRST = ["x + x", "x.exp()", "x.sum()", "x.softmax(-1)", "x @ x"]


@dataclass(frozen=True)
class Figure:
    """A statement's seconds on both, and the bandwidth they come to as a share of a copy's."""

    statement: str
    ours: float
    share: float
    theirs: float | None = None
    their_share: float | None = None


def seconds(torch, call, least=SAMPLE_SECONDS):
    """A function that measures one sample: the device's seconds of one call."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def once(number):
        start.record()
        for _ in range(number):
            call()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) / 1000

    once(2)
    number = 1
    while (taken := once(number)) < least:
        number = max(2 * number, int(1.1 * number * least / (taken + 1e-9)))
    return lambda: once(number) / number


def arrays(torch, size):
    torch.manual_seed(0)
    x, y = (torch.randn(size // 1000, 1000, device="cuda") for _ in range(2))
    return {"x": x, "y": y, "out": torch.empty_like(x)}


def caller(torch, statement, values):
    code = compile(statement, statement, "eval")

    def call():
        eval(code, {}, values)

    return call


def medians(calls, rounds, least):
    """The median seconds of each (torch, call), sampled in turns."""
    samplers = [seconds(torch, call, least) for torch, call in calls]
    samples = [[] for _ in samplers]
    for _ in range(rounds):
        for own, sampler in zip(samples, samplers):
            own.append(sampler())
    return [statistics.median(own) for own in samples]


def bandwidth(backends, values, rounds, least):
    """Bytes a second that a copy reads and writes: the most that either backend reaches."""
    calls = [(torch, caller(torch, "out.copy_(x)", own)) for torch, own in zip(backends, values)]
    return 2 * values[0]["x"].numel() * 4 / min(medians(calls, rounds, least))


def measure(backends, size, rounds, least=SAMPLE_SECONDS):
    """Yields the copy's bytes a second, then a figure for each statement; the first backend is ours."""
    values = [arrays(torch, size) for torch in backends]
    most = bandwidth(backends, values, rounds, least)
    yield most
    for statement, count in STATEMENTS.items():
        calls = [(torch, caller(torch, statement, own)) for torch, own in zip(backends, values)]
        taken = medians(calls, rounds, least)
        shares = [count * values[0]["x"].numel() * 4 / s / most for s in taken]
        yield Figure(statement, taken[0], shares[0], *[pair[1] for pair in (taken, shares) if len(taken) == 2])


FIRST_USE = """
import sys, time
import ctorch
x = ctorch.rand(64, 64, device="cuda")
for statement in sys.argv[1:]:
    ctorch.cuda.synchronize()
    start = time.perf_counter()
    eval(statement)
    ctorch.cuda.synchronize()
    print(time.perf_counter() - start)
"""


def first_use():
    """(statement, seconds of the first call ever, seconds of the first call of a later process)."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [subprocess.run([sys.executable, "-c", FIRST_USE, *FIRST], check=True, text=True, capture_output=True,
                               env={**os.environ, "CTORCH_CACHE_DIR": folder}).stdout.split() for _ in range(2)]
    return list(zip(FIRST, map(float, runs[0]), map(float, runs[1])))


def backends():
    """ctorch, and PyTorch where it has CUDA too."""
    import ctorch

    found = [ctorch]
    try:
        import torch
    except ModuleNotFoundError:
        return found
    return [*found, torch] if torch.cuda.is_available() else found


def line(figure):
    text = f"  {figure.statement:24}{report.seconds(figure.ours):>12}{figure.share:>9.0%}"
    if figure.theirs is not None:
        text += f"{report.seconds(figure.theirs):>12}{figure.their_share:>9.0%}{figure.ours / figure.theirs:>9.3f}"
    return text


def show(found, options):
    """Measures and prints; returns what was printed as data."""
    name = found[0].cuda.get_device_name()
    versions = ", ".join(f"{each.__name__} {each.__version__}" for each in found)
    print(f"{versions}, {name}")
    measured = measure(found, options.size, options.rounds)
    most = next(measured)
    print(f"\n{options.size:,} float32; a copy moves {most / 1e9:,.0f} GB/s, of which the share is\n"
          f"  {'':24}{'ctorch':>12}{'share':>9}" + (f"{'torch':>12}{'share':>9}{'ratio':>9}" if len(found) > 1 else ""))
    figures = []
    for figure in measured:
        figures.append(figure)
        print(line(figure), flush=True)
    print(f"\nFirst use\n  {'':24}{'ever':>12}{'in a process':>16}")
    compiled = first_use()
    for statement, ever, again in compiled:
        print(f"  {statement:24}{report.seconds(ever):>12}{report.seconds(again):>16}")
    return {"device": name, "copy": most, "figures": [asdict(each) for each in figures], "first": compiled}


def rehearse(found):
    """All of it on few elements, without a figure."""
    measured = measure(found[:1], 2000, 1, least=0)
    count = sum(1 for _ in measured) - 1
    return f"software device: {count} statements and {len(first_use())} first uses ran; no speed can be told from it"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--size", type=int, default=10**8, help="elements (default: 1e8)")
    parser.add_argument("--rounds", type=int, default=7, help="samples of each (default: 7)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of bench-gpu.json (default: out)")
    options = parser.parse_args(arguments)
    found = backends()
    try:
        found[0].cuda.init()
    except RuntimeError as error:
        print(f"nothing was measured: {error}", file=sys.stderr)
        return 1
    if found[0].cuda.get_device_name().startswith("software"):
        print(rehearse(found))
        return 0
    data = show(found, options)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "bench-gpu.json").write_text(json.dumps(data, indent=1))
    print(f"\nwritten: {options.out / 'bench-gpu.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
