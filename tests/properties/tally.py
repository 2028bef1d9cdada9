"""What came of each example: how many agreed, were refused on both sides, or differ for a reason; kept between runs.

`CTORCH_PROPERTIES_LEDGER` names a file of the tests that passed, a line each, which a later run of as many examples
leaves out: a long run can be stopped, and go on where it was.
"""
import json
import os
from collections import Counter, defaultdict
from pathlib import Path

AGREED, REFUSED = "agreed", "refused on both sides"
LEDGER = os.environ.get("CTORCH_PROPERTIES_LEDGER")

ROWS = Counter()        # examples by row: one that drives several counts for each
KINDS = Counter()       # examples by what came of them


def count(rows, kind):
    """Notes an example of these rows that ran to its end; kinds beside the two above are reasons."""
    ROWS.update(rows)
    KINDS[kind] += 1


def passed(profile):
    """The entries of the tests that passed before, by test."""
    path = Path(LEDGER) if LEDGER else None
    if path is None or not path.exists():
        return {}
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return {entry["test"]: entry for entry in entries if entry["profile"] == profile}


def keep(entry):
    """Adds the entry of a test that passed."""
    if LEDGER:
        with open(LEDGER, "a") as file:
            file.write(json.dumps(entry) + "\n")


def summary(entries):
    """Lines of a table of the parts, which are the test files, and of the reasons of what differs."""
    parts, reasons, rows = defaultdict(Counter), Counter(), defaultdict(set)
    for entry in entries:
        part = Path(entry["test"].partition("::")[0]).stem.removeprefix("test_properties_")
        counts = Counter(entry["kinds"])
        excused = {kind: n for kind, n in counts.items() if kind not in (AGREED, REFUSED)}
        parts[part].update({"examples": sum(counts.values()), AGREED: counts[AGREED], REFUSED: counts[REFUSED],
                            "excused": sum(excused.values()), "seconds": entry["seconds"]})
        reasons.update(excused)
        rows[part] |= set(entry["rows"])
    columns = ("examples", AGREED, REFUSED, "excused", "seconds")
    total = sum(parts.values(), Counter())
    yield f"{'part':14s}{'rows':>8s}" + "".join(f"{name:>24s}" for name in columns)
    for part, counts, driven in [*((p, parts[p], rows[p]) for p in sorted(parts)),
                                 ("all", total, set().union(*rows.values()))]:
        yield f"{part:14s}{len(driven):8d}" + "".join(f"{counts[name]:24.0f}" for name in columns)
    yield ""
    for reason, n in reasons.most_common():
        yield f"{n:8d}  {reason}"
