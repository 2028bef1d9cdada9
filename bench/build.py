"""The CPU time of a full build, in a copy of the source tree; minutes long, so only measured when named."""
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .harness import Limit

TITLE = "Build"
ROOT = Path(__file__).parent.parent
MADE = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "out", "*.c", "*.so", "_gen*", "*.egg-info")


def cpu_minutes():
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "ctorch")
        shutil.copytree(ROOT, tree, ignore=MADE)
        before = used()
        wheel = [sys.executable, "-m", "pip", "wheel", "--no-build-isolation", "--no-deps", "-w", folder]
        subprocess.run([*wheel, tree], check=True, capture_output=True)
        return (used() - before) / 60


CASES = [Limit("full build", "CPU-minutes", cpu_minutes, 6)]
