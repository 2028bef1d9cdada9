"""Prints figures as an aligned table and writes them as JSON, Markdown and a picture."""
import json
import math
from dataclasses import asdict

MARKS = {True: "✓", False: "✗", None: ""}
WIDTH = 42


def seconds(value):
    """Formats a time with three digits and its unit.

    >>> seconds(4.2e-8), seconds(0.0123)
    ('42.0 ns', '12.3 ms')
    """
    for unit, size in (("s", 1), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)):
        if value >= size or unit == "ns":
            return f"{value / size:#.3g} {unit}".replace(". ", " ")


def cells(figure):
    """Returns the columns ours, theirs, ratio, best, target, mark of one figure as text."""
    if figure.unit != "s":
        value = "not measured" if figure.value is None else f"{figure.value:.3g} {figure.unit}"
        return value, "", "", "", f"≤ {figure.target:.4g}", MARKS[figure.met]
    return (
        seconds(figure.ours),
        "" if figure.theirs is None else seconds(figure.theirs),
        "" if figure.value is None else f"{figure.value:.3f}",
        "" if figure.best is None else f"{figure.best:.3f}",
        "" if figure.target is None else f"≤ {figure.target:g}",
        MARKS[figure.met],
    )


def geometric_mean(figures):
    """Returns the geometric mean of the ratios to PyTorch, or None where there is none."""
    ratios = [figure.value for figure in figures if figure.theirs]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def header(title):
    return f"\n{title}\n{'':{WIDTH}}{'ctorch':>12}{'torch':>12}{'ratio':>9}{'best':>9}{'target':>9}"


def line(figure):
    ours, theirs, ratio, best, target, mark = cells(figure)
    if figure.unit != "s":
        return f"  {figure.name:{WIDTH - 2}}{ours:>42}{target:>9}  {mark}".rstrip()
    return f"  {figure.name:{WIDTH - 2}}{ours:>12}{theirs:>12}{ratio:>9}{best:>9}{target:>9}  {mark}".rstrip()


def summary(figures):
    """Says in one or two lines how the figures stand to PyTorch and to their targets."""
    judged = [figure for figure in figures if figure.met is not None]
    met = sum(figure.met for figure in judged)
    lines = [f"{met} of {len(judged)} targets met"] if judged else []
    if (mean := geometric_mean(figures)) is not None:
        lines.append(f"geometric mean of the ratios {mean:.3f}")
    elif any(figure.unit == "s" for figure in figures):
        lines.append("without torch, only ctorch's own times: `make bench TORCH=1` installs torch beside it")
    return "; ".join(lines)


def markdown(figures, machine):
    lines = ["| | ctorch | torch | ratio | best | target | |", "|---|--:|--:|--:|--:|--:|---|"]
    for figure in figures:
        lines.append(f"| `{' '.join(figure.name.split())}` | " + " | ".join(cells(figure)) + " |")
    return "\n".join([machine, "", *lines, "", summary(figures), ""])


def draw(figures, machine, path):
    """Draws the ratios as bars on a logarithmic axis, each with its target."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    compared = [figure for figure in figures if figure.theirs][::-1]
    if not compared:
        return False
    plt.figure(figsize=(9, 1.2 + 0.24 * len(compared)), layout="constrained")
    colours = {True: "tab:green", False: "tab:red", None: "lightgrey"}
    places = range(len(compared))
    plt.barh(places, [figure.value for figure in compared], color=[colours[f.met] for f in compared], left=0)
    for place, figure in zip(places, compared):
        if figure.target is not None:
            plt.plot([figure.target] * 2, [place - 0.4, place + 0.4], color="black", linewidth=1.5)
    plt.axvline(1, color="grey", linewidth=0.8, linestyle=":")
    plt.yticks(places, [figure.name for figure in compared], family="monospace", fontsize=8)
    plt.ylim(-0.7, len(compared) - 0.3)
    plt.xscale("log")
    plt.xlabel("time of ctorch / time of torch   (bar: measured, stroke: target)")
    plt.title(machine, fontsize=8, loc="left")
    plt.gca().spines[["top", "right"]].set_visible(False)
    plt.savefig(path, dpi=120)
    plt.close()
    return True


def write(figures, machine, folder):
    """Writes bench.json, bench.md and bench.png, and returns the names of those that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [asdict(figure) | {"met": figure.met} for figure in figures]
    (folder / "bench.json").write_text(json.dumps({"machine": machine, "figures": rows}, indent=1))
    (folder / "bench.md").write_text(markdown(figures, machine))
    written = ["bench.json", "bench.md"]
    if draw(figures, machine, folder / "bench.png"):
        written.append("bench.png")
    return [str(folder / name) for name in written]
