"""Says at the end how many examples ran; CTORCH_PROPERTIES_REPORT names a file for the number of each row."""
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import comparison
import strategies


def pytest_terminal_summary(terminalreporter):
    counts = comparison.COUNTS
    if not counts:
        return
    terminalreporter.write_line(
        f"properties: {sum(counts.values())} examples of {len(counts)} rows, {strategies.PROFILE} profile"
    )
    path = os.environ.get("CTORCH_PROPERTIES_REPORT")
    if path:
        Path(path).write_text("".join(f"{n:8d}  {row}\n" for row, n in sorted(counts.items())))
