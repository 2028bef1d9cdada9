"""The tools of `make test-gpu`: whether there is a device, and what compute-sanitizer is asked and answers."""
import ctypes
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import sanitize

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "cuda_device.py"


@pytest.fixture
def cuda_device():
    spec = importlib.util.spec_from_file_location("cuda_device", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# ---- tools/cuda_device.py

def test_the_device_has_a_name(device):
    import ctorch

    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip() == ctorch.cuda.get_device_name()


def test_without_a_driver_it_says_so(cuda_device, monkeypatch, capsys):
    def absent(name):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", absent)
    assert cuda_device.main(["--otherwise", "Do that"]) == 1
    said = capsys.readouterr()
    assert said.err == "no NVIDIA driver: libcuda.so.1: cannot open shared object file. Do that.\n" and not said.out


class Driver:
    """A driver whose cuInit fails."""

    def __init__(self, status):
        self.status = status

    def cuInit(self, flags):
        return self.status

    def cuGetErrorName(self, status, words):
        words._obj.value = b"CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"


@pytest.mark.parametrize(("status", "words"), [(100, "finds no device"),
                                               (803, r"cuInit says CUDA_ERROR_SYSTEM_DRIVER_MISMATCH \(803\)")])
def test_a_driver_that_fails_says_why(cuda_device, status, words):
    with pytest.raises(cuda_device.Missing, match=words):
        cuda_device.first(Driver(status))


# ---- sanitize.py, with a program in the sanitizer's place

STAND_IN = """#!/bin/sh
tool=$2
case "$*" in
*"-c "*) {planted} ;;
*) {tests} ;;
esac
"""
FINDS = "echo '========= ERROR SUMMARY: 1 error'; exit 99"
PASSES = "echo '3 passed in 0.1s'; echo '========= ERROR SUMMARY: 0 errors'"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    def write(planted=FINDS, tests=PASSES):
        path = tmp_path / "compute-sanitizer"
        path.write_text(STAND_IN.format(planted=planted, tests=tests))
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return write


def test_each_tool_finds_its_planted_fault_and_passes(stand_in, capsys):
    stand_in()
    assert sanitize.main([]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["memcheck", "racecheck", "synccheck", "initcheck"]
    assert all("3 passed in 0.1s; 0 errors" in line for line in lines)


@pytest.mark.parametrize(("planted", "tests", "words"), [
    (FINDS, f"echo '2 passed in 1s'; {FINDS}", "exit status 99"),
    (FINDS, "echo '1 failed, 2 passed in 1s'; echo '========= ERROR SUMMARY: 0 errors'; exit 1", "1 failed, 2 passed"),
    (FINDS, "echo '5 skipped in 1s'; echo '========= ERROR SUMMARY: 0 errors'", "no test passed"),
    (PASSES, PASSES, "missed the fault planted"),
])
def test_what_is_wrong_is_an_error(stand_in, capsys, planted, tests, words):
    stand_in(planted, tests)
    assert sanitize.main([]) == 1
    assert words in capsys.readouterr().out


def test_a_device_that_is_refused_is_said(stand_in, capsys):
    stand_in("echo '========= Error: Device not supported'; exit 1")
    assert sanitize.main([]) == 0
    assert capsys.readouterr().out.count("not run: compute-sanitizer refuses this device (Device not supported)") == 4


def test_without_the_sanitizer_it_is_said(monkeypatch, capsys):
    monkeypatch.setattr(sanitize.shutil, "which", lambda *args, **kwargs: None)
    assert sanitize.main([]) == 0
    assert "compute-sanitizer is not installed" in capsys.readouterr().out


def test_the_planted_programs_reach_the_device(device):
    """A kernel without a fault, through the program that carries the planted ones."""
    done = subprocess.run([sys.executable, "-c", sanitize.PROGRAM, "y[threadIdx.x] = 1;"], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("tool", ["memcheck", "synccheck"])
def test_the_planted_faults_compile_and_are_faults(software, tool):
    """The software device finds these two as well."""
    done = subprocess.run([sys.executable, "-c", sanitize.PROGRAM, sanitize.PLANTED[tool]], capture_output=True,
                          text=True)
    assert done.returncode != 0 and "planted" in done.stderr
