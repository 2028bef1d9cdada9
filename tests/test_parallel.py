"""The thread pool: every chunk once, from any thread, after fork, at any size."""

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ctorch import _parallel

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def restore_threads():
    before = _parallel.get_num_threads()
    yield
    _parallel.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 64, 1001, 300_000])
def test_every_chunk_once(threads, chunks):
    _parallel.set_num_threads(threads)
    for _ in range(5):
        assert _parallel._visits(chunks) == b"\x01" * chunks


@pytest.mark.parametrize("threads", [1, 4])
def test_nested_loops_run_serially(threads):
    _parallel.set_num_threads(threads)
    assert _parallel._visits(50, 30) == b"\x01" * 1500


def test_several_python_threads():
    _parallel.set_num_threads(3)
    wrong = []

    def call(seed):
        draw = random.Random(seed)
        for _ in range(300):
            chunks = draw.randrange(500)
            if _parallel._visits(chunks) != b"\x01" * chunks:
                wrong.append(chunks)

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        _parallel.set_num_threads(random.randrange(1, 6))
        threads[0].join(0.001)
        threads = [thread for thread in threads if thread.is_alive()] or threads[:1]
    assert not wrong


def test_workers_start_with_the_first_job_and_end_at_once():
    _parallel.set_num_threads(1)
    assert _parallel._workers() == 0
    _parallel.set_num_threads(4)
    assert _parallel.get_num_threads() == 4
    assert _parallel._workers() == 0
    _parallel._visits(10)
    assert _parallel._workers() == 3
    _parallel.set_num_threads(2)
    assert _parallel._workers() == 1
    for threads in [7, 1, 3, 2, 9, 1] * 20:
        _parallel.set_num_threads(threads)
        assert _parallel._visits(40) == b"\x01" * 40
        assert _parallel._workers() == threads - 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_starts_its_own_workers():
    _parallel.set_num_threads(3)
    _parallel._visits(100)
    pid = os.fork()
    if pid == 0:
        alone = _parallel._workers() == 0
        right = _parallel._visits(1000) == b"\x01" * 1000
        os._exit(0 if alone and right and _parallel._workers() == 2 else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert _parallel._visits(1000) == b"\x01" * 1000


@pytest.mark.parametrize("threads", [0, -1, -(2**62)])
def test_refuses_no_threads(threads):
    with pytest.raises(RuntimeError, match="set_num_threads expects a positive integer"):
        _parallel.set_num_threads(threads)


@pytest.mark.parametrize("threads", [1.0, "2", None, True])
def test_refuses_other_types(threads):
    with pytest.raises(TypeError, match=f"expects an int, but got {type(threads).__name__}"):
        _parallel.set_num_threads(threads)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"CTORCH_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"OMP_NUM_THREADS": "5,2"}, 5),
        ({}, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        ({"CTORCH_NUM_THREADS": "many", "OMP_NUM_THREADS": "4"}, 4),
    ],
)
def test_threads_at_start(variables, expected):
    kept = {k: v for k, v in os.environ.items() if k not in ("CTORCH_NUM_THREADS", "OMP_NUM_THREADS")}
    kept["PYTHONPATH"] = os.pathsep.join(sys.path)
    code = "from ctorch import _parallel; _parallel._visits(99); print(_parallel.get_num_threads())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=kept | variables, capture_output=True, text=True, check=True)
    assert int(done.stdout) == expected
    warned = "CTORCH_NUM_THREADS='many' is not a positive integer" in done.stderr
    assert warned == ("many" in variables.values())


# The child of a threaded fork cannot start threads under ThreadSanitizer, and may find a lock of AddressSanitizer
# taken for ever, so only the build without either forks.
@pytest.mark.parametrize(("sanitizer", "forks"), [("thread", "0"), ("address,undefined", "0"), ("undefined", "40")])
def test_stress(tmp_path, sanitizer, forks):
    compiler = shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler")
    program = tmp_path / "stress"
    build = [
        compiler,
        "-std=gnu11",
        "-O1",
        "-g",
        f"-fsanitize={sanitizer}",
        f"-I{ROOT / 'src' / 'ctorch'}",
        str(ROOT / "tests" / "pool_stress.c"),
        "-o",
        str(program),
        "-pthread",
    ]
    if subprocess.run(build, capture_output=True).returncode != 0:
        pytest.skip(f"no {sanitizer} sanitizer")
    # The suite may itself run under a preloaded sanitizer, which excludes the other one.
    variables = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    done = subprocess.run([program, "100", forks], env=variables, capture_output=True, text=True, timeout=120)
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("ThreadSanitizer does not know this kernel's memory layout")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(sys.platform != "linux" or len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs of Linux")
def test_a_worker_leaves_the_cpu_of_its_caller():
    tasks = Path("/proc/self/task")
    _parallel.set_num_threads(1)
    before = set(os.listdir(tasks))
    _parallel.set_num_threads(2)
    _parallel._visits(10)
    worker, = (int(name) for name in set(os.listdir(tasks)) - before)
    allowed, deadline, here = os.sched_getaffinity(0), time.monotonic() + 20, None
    while here is None or os.sched_getaffinity(worker) != allowed - {here}:
        here = int((tasks / str(threading.get_native_id()) / "stat").read_text().rsplit(")", 1)[1].split()[36])
        os.sched_setaffinity(worker, {here})
        for _ in range(10):
            _parallel._visits(1000)
            time.sleep(0.001)
        assert time.monotonic() < deadline
