"""Counts the examples of each test and says at the end what came of them; CTORCH_PROPERTIES_REPORT names a file for it.

With CTORCH_PROPERTIES_LEDGER, tests that passed before are left out (see tally.py); after CTORCH_PROPERTIES_SECONDS
no other test is begun.
"""
import os
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import strategies
import tally

HERE = Path(__file__).parent
SECONDS = float(os.environ.get("CTORCH_PROPERTIES_SECONDS", "inf"))
STARTED = time.monotonic()
ENTRIES = tally.passed(strategies.PROFILE)


def pytest_collection_modifyitems(config, items):
    """Leaves out what the ledger has."""
    done = [item for item in items if item.path.is_relative_to(HERE) and item.nodeid in ENTRIES]
    if done:
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if item not in set(done)]


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    if not item.path.is_relative_to(HERE):
        yield
        return
    before, start = (tally.KINDS.copy(), tally.ROWS.copy()), time.monotonic()
    outcome = yield
    if outcome.excinfo is None:
        kinds, rows = (Counter(now) - then for now, then in zip((tally.KINDS, tally.ROWS), before))
        entry = {"test": item.nodeid, "profile": strategies.PROFILE, "seconds": round(time.monotonic() - start, 2),
                 "kinds": kinds, "rows": rows}
        ENTRIES[item.nodeid] = entry
        tally.keep(entry)
    if time.monotonic() - STARTED > SECONDS:
        item.session.shouldstop = "the time is over; what passed is in the ledger"


def pytest_terminal_summary(terminalreporter):
    rows = sum((Counter(entry["rows"]) for entry in ENTRIES.values()), Counter())
    if not rows:
        return
    examples = sum(sum(entry["kinds"].values()) for entry in ENTRIES.values())
    terminalreporter.write_line(f"properties: {examples} examples of {len(rows)} rows, {strategies.PROFILE} profile")
    path = os.environ.get("CTORCH_PROPERTIES_REPORT")
    if path:
        table = [*tally.summary(ENTRIES.values()), "", *(f"{n:8d}  {row}" for row, n in sorted(rows.items()))]
        Path(path).write_text("\n".join(table) + "\n")
