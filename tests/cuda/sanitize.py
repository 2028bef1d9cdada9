"""Runs the tests marked `race` under each tool of NVIDIA's compute-sanitizer, once it has found a fault planted for it.

A tool that is not installed, or refuses the device, is named and left out; exit status 1 where one finds something,
or misses its planted fault.
"""
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

FOUND = 99                           # the exit status for what a tool finds
TOOLS = {
    "memcheck": ["--report-api-errors", "no"],  # an allocation that fails is tried again, and tested
    "racecheck": [],
    "synccheck": [],
    "initcheck": [],
}
REFUSED = re.compile(r"Device not supported|not supported on this (?:device|system)|Unable to find.*driver", re.I)
SUMMARY = re.compile(r"^=+ (?:ERROR|RACECHECK) SUMMARY: (.+)$", re.M)

# A fault for each tool: one block of 64 threads, and two arrays of 64 ints of which only the second was written.
PLANTED = {
    "memcheck": "y[1 << 24] = 1;",
    "racecheck": "__shared__ int part[64]; part[threadIdx.x] = 1; y[threadIdx.x] = part[63 - threadIdx.x];",
    "synccheck": "if (threadIdx.x <= 16) __syncwarp(0xffffu); y[threadIdx.x] = 1;",
    "initcheck": "y[threadIdx.x] = x[threadIdx.x];",
}
PROGRAM = """
import sys
import pycuda.driver as driver
from pycuda.compiler import SourceModule
driver.init()
context = driver.Device(0).retain_primary_context()
context.push()
try:
    source = 'extern "C" __global__ void planted(int* x, int* y) {' + sys.argv[1] + '}'
    kernel = SourceModule(source, no_extern_c=True).get_function("planted")
    x, y = driver.mem_alloc(256), driver.mem_alloc(256)
    driver.memset_d8(y, 0, 256)
    kernel(x, y, block=(64, 1, 1))
    context.synchronize()
finally:
    context.pop()
"""


def sanitizer():
    """The path of compute-sanitizer, or None."""
    homes = [Path(os.environ[name]) for name in ("CUDA_HOME", "CUDA_PATH") if os.environ.get(name)]
    folders = [folder for home in [*homes, Path("/usr/local/cuda")] for folder in (home / "bin",
                                                                                  home / "compute-sanitizer")]
    return shutil.which("compute-sanitizer", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, folders)]))


def under(program, tool, command):
    """Exit status and output of a command under a tool."""
    full = [program, "--tool", tool, *TOOLS[tool], "--error-exitcode", str(FOUND), "--print-limit", "20",
            "--target-processes", "application-only", sys.executable, *command]
    # Without the cache each tensor has an allocation of its own, so that its ends are seen.
    done = subprocess.run(full, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "CTORCH_NO_CUDA_MEMORY_CACHING": "1"})
    return done.returncode, done.stdout


def check(program, tool, arguments):
    """One line about a tool, and whether all is well."""
    status, output = under(program, tool, ["-c", PROGRAM, PLANTED[tool]])
    if REFUSED.search(output):
        return f"{tool:10} not run: compute-sanitizer refuses this device ({REFUSED.search(output)[0]})", True
    if status != FOUND:
        return f"{tool:10} missed the fault planted for it (exit status {status}):\n{output[-2000:]}", False
    start = time.perf_counter()
    command = ["-m", "pytest", str(Path(__file__).parent), "-m", "race", *arguments]
    status, output = under(program, tool, command)
    tests = re.search(r"^(?:\d+ \w+, )*\d+ passed.*$", output, re.M)
    said = SUMMARY.findall(output)
    line = (f"{tool:10} the planted fault is found; {tests[0] if tests else 'no test passed'}; "
            f"{said[-1] if said else 'no summary'}; {time.perf_counter() - start:.0f} s")
    well = status == 0 and tests is not None and bool(said)
    return line if well else f"{line} (exit status {status})\n{output[-6000:]}", well


def main(arguments):
    program = sanitizer()
    if program is None:
        print("compute-sanitizer is not installed (it comes with the CUDA toolkit): memcheck, racecheck, synccheck and "
              "initcheck were not run")
        return 0
    print(f"compute-sanitizer: {program}")
    well = True
    for tool in TOOLS:
        line, fine = check(program, tool, arguments)
        print(f"  {line}", flush=True)
        well = well and fine
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
