"""Figures of whole processes: import time, memory growth, the size of the wheel."""
import statistics
import subprocess
import sys
from pathlib import Path

from .harness import Limit

TITLE = "Import, memory, size"
ROOT = Path(__file__).parent.parent

IMPORT = "import numpy, time; start = time.perf_counter(); import ctorch; print(time.perf_counter() - start)"

# Growth is counted after the first tenth, when every cache is full.
STEPS = """
import resource
import ctorch as torch
nn = torch.nn
torch.manual_seed(0)
network = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
x, target = torch.randn(4, 8), torch.randn(4, 4)

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

for step in range(110_000):
    if step == 10_000:
        before = resident()
    network.zero_grad()
    nn.functional.mse_loss(network(x), target).backward()
print((resident() - before) / 2**20)
"""


def run(code):
    """Runs Python code in a new process and returns the number it prints."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def import_cost(rounds=11):
    """Returns the milliseconds of `import ctorch` where NumPy is imported already."""
    return 1000 * statistics.median(run(IMPORT) for _ in range(rounds))


def wheel_size():
    wheels = sorted((ROOT / "dist").glob("ctorch-*.whl"), key=lambda path: path.stat().st_mtime)
    return wheels[-1].stat().st_size / 1e6 if wheels else None


CASES = [
    Limit("import ctorch, beyond import numpy", "ms", import_cost, 50),
    Limit("growth over 100,000 steps", "MiB", lambda: run(STEPS), 0.5),
    Limit("wheel", "MB", wheel_size, 15),
]
