"""Measures the named families, all but `build` if none is named, and reports them."""
import argparse
import importlib
import os
import platform
import sys
from pathlib import Path

from . import families, harness, report

FAMILIES = ["small", "chain", "bulk", "training", "process", "families", "build"]


def machine(ours, theirs):
    """Says what was measured where, in one line."""
    model = platform.processor() or platform.machine()
    for entry in Path("/proc/cpuinfo").read_text().splitlines():
        if entry.startswith("model name"):
            model = entry.partition(":")[2].strip()
            break
    versions = [f"ctorch {ours.__version__}", f"Python {platform.python_version()}"]
    if theirs:
        versions.insert(1, f"torch {theirs.__version__}")
    return f"{', '.join(versions)}, {ours.get_num_threads()} threads, {model}"


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(FAMILIES))
    parser.add_argument("--rounds", type=int, default=15, help="samples of each backend (default: 15)")
    parser.add_argument("--threads", type=int, help="threads of both backends (default: all)")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the reports (default: out)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a target is missed")
    families.add_options(parser)
    options = parser.parse_args()
    if unknown := set(options.families) - set(FAMILIES):
        parser.error(f"no such family: {', '.join(sorted(unknown))}; there are {', '.join(FAMILIES)}")

    if options.threads:
        importlib.import_module("ctorch").set_num_threads(options.threads)
    ours, theirs = harness.backends()
    print(machine(ours, theirs))
    if os.getloadavg()[0] > os.cpu_count():
        print("the machine is busy: expect noise")
    figures = []
    for family in options.families or FAMILIES[:-1]:
        module = importlib.import_module(f"bench.{family}")
        if family == "families":
            print(f"\n{module.TITLE}")
            figures += module.run(ours, theirs, options)
            continue
        print(report.header(module.TITLE))
        for case in module.CASES:
            for figure in harness.measure(family, case, ours, theirs, options.rounds):
                figures.append(figure)
                print(report.line(figure), flush=True)
    print(f"\n{report.summary(figures)}")
    print("written: " + ", ".join(report.write(figures, machine(ours, theirs), options.out)))
    if options.strict and any(figure.met is False for figure in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
