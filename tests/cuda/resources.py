"""What every kernel takes of a device, as ptxas says it: compiled by nvcc, or NVRTC where that is missing.

Kernel files and the modules made from the table, each for all its dtypes. No device is needed.
"""
import concurrent.futures
import os
import re
import subprocess
import tempfile
from typing import NamedTuple

import pytest

import ctorch
from ctorch._gen.cuda_table import COMPUTE, ELEMENTWISE, REDUCTIONS
from ctorch.cuda import _compiler, _elementwise, _reduce

ARCHITECTURES = ("sm_80", "sm_90")
SPILLS = 64                          # bytes: what a kernel may spill
KERNELS = pytest.StashKey()        # of the rows that a run of the tests has seen


class Resources(NamedTuple):
    """What ptxas says of one kernel; all but registers in bytes."""

    family: str
    dtype: str
    arch: str
    name: str
    registers: int
    spilled: int
    shared: int
    stack: int


# ---- texts

def dtypes():
    return [(name, getattr(ctorch, name)) for name in COMPUTE]


def result_of(op, dtype):
    """The dtype that a reduction gives: sums of integers are wide."""
    if op["out"] != "same":
        return getattr(ctorch, op["out"])
    integer = not (dtype.is_floating_point or dtype.is_complex)
    return ctorch.int64 if integer and op["state"] == "wide" else dtype


def units():
    """(family, dtype) -> text, not yet joined."""
    found = {(family, dtype): _compiler.source(family, dtype)
             for family in _compiler.families() for dtype in _compiler.dtypes_of(family)}
    for family in sorted({op["family"] for op in ELEMENTWISE}):
        for name, dtype in dtypes():
            if any(op["family"] == family and _elementwise.supports(op, dtype) for op in ELEMENTWISE):
                found[family, name] = _elementwise.module_text(family, dtype)
    for op in REDUCTIONS:
        for name, dtype in dtypes():
            if _elementwise.category_of(dtype) in op["text"]:
                found[op["name"], name] = _reduce.module_text(op, dtype, result_of(op, dtype))
    return found


# ---- compilers

def nvcc():
    """The path of an nvcc that has ptxas beside it, so no stand-in; None if there is none."""
    folders = [*os.environ.get("PATH", "").split(os.pathsep), os.path.join(os.environ.get("CUDA_HOME", ""), "bin"),
               "/usr/local/cuda/bin"]
    for folder in folders:
        path = os.path.realpath(os.path.join(folder, "nvcc"))
        if os.access(path, os.X_OK) and os.path.exists(os.path.join(os.path.dirname(path), "ptxas")):
            return path
    return None


def compiler():
    """"nvcc", "nvrtc" or None; CTORCH_CUDA_COMPILER chooses."""
    chosen = os.environ.get("CTORCH_CUDA_COMPILER")
    if chosen != "nvrtc" and nvcc():
        return "nvcc"
    return "nvrtc" if chosen != "nvcc" and _compiler._nvrtc() else None


def log_of_nvcc(text, architectures):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kernel.cu")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        # One front end for all: the texts ask for no architecture, so only the assembler differs.
        targets = f"-gencode=arch={architectures[0].replace('sm', 'compute')},code=[{','.join(architectures)}]"
        command = [nvcc(), *_compiler.OPTIONS, "-fatbin", targets, "-Xptxas", "-v", "-o", path + "bin", path]
        own = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}     # a sanitizer's, say
        done = subprocess.run(command, capture_output=True, text=True, env=own)
    if done.returncode:
        raise _compiler.CompileError(f"nvcc cannot compile a kernel:\n{done.stderr}")
    return done.stderr


def log_of_nvrtc(text, arch):
    nvrtc = _compiler._nvrtc()
    program = nvrtc.nvrtcCreateProgram(text.encode(), b"kernel.cu", 0, [], [])[1]
    options = [option.encode() for option in (f"-arch={arch}", *_compiler.OPTIONS, "-Xptxas", "-v")]
    try:
        status = nvrtc.nvrtcCompileProgram(program, len(options), options)[0]
        log = b" " * nvrtc.nvrtcGetProgramLogSize(program)[1]
        nvrtc.nvrtcGetProgramLog(program, log)
    finally:
        nvrtc.nvrtcDestroyProgram(program)
    if int(status):
        raise _compiler.CompileError(f"NVRTC cannot compile a kernel for {arch}:\n{log.decode()}")
    return log.decode()


def read(log, family="", dtype=""):
    """The kernels of ptxas's words."""
    rows = []
    for part in log.split("Compiling entry function ")[1:]:
        name, arch = re.match(r"'(\w+)' for '(\w+)'", part).groups()

        def numbers(pattern, part=part):
            return [int(n) for n in re.findall(pattern, part)] or [0]

        rows.append(Resources(family, dtype, arch, name, max(numbers(r"Used (\d+) registers")),
                              sum(numbers(r"(\d+) bytes spill stores")), max(numbers(r"(\d+) bytes smem")),
                              max(numbers(r"(\d+) bytes stack frame"))))
    return rows


def of_text(text, family="", dtype="", architectures=ARCHITECTURES):
    """The kernels of a text, for each architecture."""
    joined = _compiler.join(text)
    if compiler() == "nvcc":
        return read(log_of_nvcc(joined, architectures), family, dtype)
    return [row for arch in architectures for row in read(log_of_nvrtc(joined, arch), family, dtype)]


def measure(jobs):
    """(family, dtype) -> rows, or the CompileError, compiled side by side."""
    def one(key, text):
        try:
            return of_text(text, *key)
        except _compiler.CompileError as error:
            return error

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {key: pool.submit(one, key, text) for key, text in units().items()}
        return {key: future.result() for key, future in waiting.items()}


# ---- tables

def table(rows):
    """A line for each kernel, those that take most first."""
    lines = [f"{'family':12} {'kernel':28} {'dtype':10} {'arch':6} {'registers':>9} {'spilled':>7} {'shared':>7} "
             f"{'stack':>6}"]
    for row in sorted(rows, key=lambda row: (-row.spilled, -row.registers, row)):
        lines.append(f"{row.family:12} {row.name:28} {row.dtype:10} {row.arch:6} {row.registers:9} {row.spilled:7} "
                     f"{row.shared:7} {row.stack:6}")
    return "\n".join(lines) + "\n"


def summary(rows):
    """A line for each family: how many kernels, the most registers and whose, and the sums and peaks of the rest."""
    lines = [f"{'family':12} {'kernels':>7} {'registers':>9} {'spilled':>7} {'shared':>7} {'stack':>6}  most registers"]
    for family in sorted({row.family for row in rows}):
        own = [row for row in rows if row.family == family]
        most = max(own, key=lambda row: row.registers)
        lines.append(f"{family:12} {len(own):7} {most.registers:9} {sum(row.spilled for row in own):7} "
                     f"{max(row.shared for row in own):7} {max(row.stack for row in own):6}  "
                     f"{most.name} {most.dtype} {most.arch}")
    return "\n".join(lines)
