"""The profiler: which events there are, their sums, tables, traces, schedules, threads."""
import doctest
import gzip
import importlib
import json
import threading
import time

import mirror
import pytest

import ctorch
from ctorch import profiler
from ctorch.profiler import ProfilerAction, ProfilerActivity, profile, record_function


def net(lib):
    w = lib.ones(3, 3, requires_grad=True)
    return w, lambda x: ((x @ w).relu() * 2 + 1).sum()


def names(p):
    return [e.name for e in p.events()]


@pytest.mark.parametrize("module", ["profiler._profile", "autograd.profiler", "autograd.profiler_util"])
def test_examples(module):
    assert doctest.testmod(importlib.import_module(f"ctorch.{module}")).failed == 0


def test_operators_forward_and_backward():
    w, f = net(ctorch)
    with profile() as p:
        with record_function("forward"):
            loss = f(ctorch.ones(2, 3))
        loss.backward()
    assert loss.item() == 2 * 3 * 7 and w.grad is not None
    inside = [e.name for e in p.events() if e.cpu_parent is not None and e.cpu_parent.name == "forward"]
    assert inside == ["aten::ones", "aten::matmul", "aten::relu", "aten::mul", "aten::add", "aten::sum"]
    nodes = [e.name for e in p.events() if e.kind == "backward" and "::" not in e.name]
    assert nodes == ["SumBackward0", "AddBackward0", "MulBackward0", "ReluBackward0", "MmBackward0"]
    forward = next(e for e in p.events() if e.name == "forward")
    assert sum(c.cpu_time_total for c in forward.cpu_children) <= forward.cpu_time_total
    assert forward.self_cpu_time_total >= 0 and all(e.cpu_time_total >= 0 for e in p.events())
    made = {e.sequence_nr for e in p.events() if e.kind == "operator" and e.sequence_nr >= 0}
    assert {e.sequence_nr for e in p.events() if e.kind == "backward"} <= made


def test_views_and_others_that_are_not_in_the_table():
    x = ctorch.arange(6.0)
    with profile() as p:
        y = x.reshape(2, 3).t()[1:].clone()
        y.size(), y.dim(), y.tolist(), y.item if y.numel() == 1 else None
        y += 1
        y = -y
    outer = [e.name for e in p.events() if e.cpu_parent is None]
    assert outer == ["aten::reshape", "aten::t", "aten::index", "aten::clone", "aten::add", "aten::neg"]
    with profile() as p:
        x.reshape(3, 2)
    assert set(names(p)) == {"aten::reshape"}


def test_nothing_is_kept_afterwards():
    x = ctorch.ones(3)
    with profile():
        pass
    reshape, add = x.reshape, ctorch.add
    x.reshape(1, 3), ctorch.add(x, x), x + x
    with profile() as p:
        pass
    assert names(p) == [] and reshape(1, 3).shape == (1, 3) and add(x, 1).tolist() == [2, 2, 2]


def test_shapes_memory_and_stacks():
    def here(x):
        return x @ x.t()

    with profile(record_shapes=True, profile_memory=True, with_stack=True) as p:
        y = here(ctorch.ones(64, 32))
    product = next(e for e in p.events() if e.name == "aten::matmul")
    assert product.input_shapes == [[64, 32], [32, 64]]
    assert product.cpu_memory_usage == 64 * 64 * 4 == y.numel() * 4
    assert product.stack[0] == f"{__file__}({here.__code__.co_firstlineno + 1}): here"
    assert not any("ctorch/profiler" in line for line in product.stack)
    table = p.key_averages(group_by_input_shape=True, group_by_stack_n=1).table()
    assert "16.00 KB" in table and "[[64, 32], [32, 64]]" in table and "test_profiler.py" in table


def test_errors_inside_leave_the_profiler_right():
    x = ctorch.ones(2, 3)
    with profile() as p:
        with pytest.raises(RuntimeError):
            x @ x
        with pytest.raises(RuntimeError):
            ctorch.reshape(x, (4,))
        with pytest.raises(RuntimeError):
            x + ctorch.ones(5)
        y = x * 2
    assert names(p)[-1] == "aten::mul" and p.events()[-1].cpu_parent is None and y is not None


def test_key_averages_and_table():
    x = ctorch.ones(10)
    with profile() as p:
        for _ in range(7):
            x = x * 2
        x.sin()
    rows = {e.key: e for e in p.key_averages()}
    assert rows["aten::mul"].count == 7 and rows["aten::sin"].count == 1
    assert rows["aten::mul"].cpu_time == rows["aten::mul"].cpu_time_total / 7
    lines = p.key_averages().table(sort_by="count", row_limit=1, header="HEAD").splitlines()
    assert lines[0] == "HEAD" and lines[2].split() == ("Name Self CPU % Self CPU CPU total % CPU total CPU time avg "
                                                       "# of Calls").split()
    assert "aten::mul" in lines[4] and lines[4].split()[-1] == "7" and "aten::sin" not in "\n".join(lines)
    assert lines[-1].startswith("Self CPU time total: ")
    assert p.key_averages().total_average().count == 8
    with pytest.raises(AttributeError):
        p.key_averages().table(sort_by="beauty")
    assert "us" in p.key_averages().table(time_unit="us")


def test_columns_are_pytorchs():
    torch = pytest.importorskip("torch")

    def columns(lib):
        with lib.profiler.profile(activities=[lib.profiler.ProfilerActivity.CPU], record_shapes=True,
                                  profile_memory=True) as p:
            lib.ones(3) * 2
        table = p.key_averages(group_by_input_shape=True).table(sort_by="self_cpu_time_total", row_limit=10)
        return [part.strip() for part in table.splitlines()[1].split("  ") if part.strip()]
    assert columns(ctorch) == columns(torch)


def test_a_function_within_itself_counts_once():
    with profile() as p, record_function("part"), record_function("part"):
        time.sleep(0.01)
    row, = p.key_averages()
    assert row.count == 2 and 10_000 <= row.cpu_time_total < 20_000


def test_threads_have_events_of_their_own():
    together = threading.Barrier(3)

    def work(alone=False):
        with record_function("work"):
            alone or together.wait()
            (ctorch.ones(3, requires_grad=True) * 2).sum().backward()

    with profile() as p:
        threads = [threading.Thread(target=work) for _ in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        work(alone=True)
    works = [e for e in p.events() if e.name == "work"]
    assert len({e.thread for e in works}) == 4 and works[-1].thread == 1
    for e in p.events():
        assert e.cpu_parent is None or e.cpu_parent.thread == e.thread
    assert sum(e.name == "SumBackward0" for e in p.events()) == 4


@pytest.mark.parametrize("suffix", ["json", "json.gz"])
def test_traces_can_be_viewed(tmp_path, suffix):
    w, f = net(ctorch)
    with profile(record_shapes=True, with_stack=True) as p, record_function("all"):
        f(ctorch.ones(2, 3)).backward()
    p.add_metadata("who", "me")
    p.add_metadata_json("what", "[1, 2]")
    path = str(tmp_path / f"trace.{suffix}")
    p.export_chrome_trace(path)
    with (gzip.open if suffix.endswith("gz") else open)(path, "rt") as file:
        trace = json.load(file)
    assert trace["who"] == "me" and trace["what"] == [1, 2] and w.grad is not None
    events = trace["traceEvents"]
    for e in events:                     # the Trace Event Format
        assert isinstance(e["name"], str) and e["ph"] in "XMsf" and isinstance(e["pid"], int)
        assert isinstance(e["tid"], int) and e["ts"] >= 0
        assert e["ph"] != "X" or (e["dur"] >= 0 and isinstance(e["args"], dict))
        assert e["ph"] not in "sf" or "id" in e
    spans = [e for e in events if e["ph"] == "X"]
    for a in spans:                      # those of one thread are apart or one within the other
        for b in spans:
            first, second = sorted((a, b), key=lambda e: (e["ts"], -e["dur"]))
            assert second["ts"] >= first["ts"] + first["dur"] - 1e-3 or \
                second["ts"] + second["dur"] <= first["ts"] + first["dur"] + 1e-3
    starts, ends = ({e["id"] for e in events if e["ph"] == ph} for ph in "sf")
    assert starts == ends and len(starts) == 5
    assert {e["name"] for e in events if e["ph"] == "M"} == {"process_name", "thread_name"}


def test_stacks_are_exported(tmp_path):
    with profile(with_stack=True) as p:
        for _ in range(50):
            ctorch.ones(1000).sin()
    path = tmp_path / "stacks"
    p.export_stacks(str(path))
    assert all("test_profiler" in line and line.rpartition(" ")[2].isdigit() for line in path.read_text().splitlines())
    with pytest.raises(ValueError, match="metric"):
        p.export_stacks(str(path), "beauty")


@pytest.mark.parametrize("plan", [{"wait": 1, "warmup": 1, "active": 2},
                                  {"wait": 2, "warmup": 0, "active": 1, "repeat": 2},
                                  {"wait": 0, "warmup": 1, "active": 3, "repeat": 1, "skip_first": 2},
                                  {"wait": 3, "warmup": 1, "active": 1, "skip_first": 1, "skip_first_wait": 1}])
def test_schedules(plan):
    def program(lib):
        action = lib.profiler.schedule(**plan)
        return [action(k).name for k in range(20)]
    mirror.check(program)


@pytest.mark.parametrize("plan", [None, {"wait": 1, "warmup": 1, "active": 2},
                                  {"wait": 1, "warmup": 1, "active": 1, "repeat": 2}])
def test_steps(plan):
    def program(lib):
        ready, x = [], lib.ones(3)

        def seen(p):
            rows = [(e.key, e.count) for e in p.key_averages() if e.key.startswith(("aten::mul", "Prof"))]
            ready.append((p.step_num, sorted(rows)))

        with lib.profiler.profile(activities=[lib.profiler.ProfilerActivity.CPU], on_trace_ready=seen,
                                  schedule=plan and lib.profiler.schedule(**plan)) as p:
            for _ in range(9):
                x * 2
                p.step()
        return ready, p.step_num, p.current_action.name
    mirror.check(program, warn=False)


def test_the_same_as_a_function_of_the_user():
    @record_function("decorated")
    def f(x):
        """Twice."""
        return x * 2

    with profile() as p:
        f(f(ctorch.ones(1)))
    assert names(p).count("decorated") == 2 and f.__doc__ == "Twice." and f.__name__ == "f"
    assert f(ctorch.ones(1)).item() == 2


def test_the_older_profiler():
    with ctorch.autograd.profiler.profile(record_shapes=True) as p:
        (ctorch.ones(2, requires_grad=True) * 2).sum().backward()
    assert "SumBackward0" in p.table() and p.self_cpu_time_total > 0
    assert p.total_average().count == len(p.function_events)
    with ctorch.autograd.profiler.profile(enabled=False) as off:
        ctorch.ones(2)
    assert off.function_events is None
    with pytest.raises(RuntimeError, match="didn't finish"):
        off.key_averages()


def test_one_profiler_at_a_time():
    with profile(), pytest.raises(RuntimeError, match="already enabled"), profile():
        pass
    with profile() as p:
        ctorch.ones(1)
    assert names(p) == ["aten::ones"]


def test_what_is_not_supported():
    with pytest.raises(NotImplementedError, match="experimental_config"):
        profile(experimental_config=object())


def test_operations_on_numbers():
    def program(lib):
        x, w, b = lib.ones(4, 5, requires_grad=True), lib.ones(5, 3), lib.ones(3)
        with lib.profiler.profile(with_flops=True, with_modules=True) as p:
            x @ w
            lib.addmm(b, x, w)
            lib.bmm(lib.ones(2, 4, 5), lib.ones(2, 5, 3))
            lib.nn.functional.linear(x, w.t(), b)
            lib.nn.functional.conv2d(lib.ones(2, 4, 7, 5), lib.ones(6, 2, 3, 3), stride=(2, 1), padding=1, groups=2)
            x * 3 + x
            x.exp()
        with lib.profiler.profile() as q:
            x @ w
        title = next(line for line in p.key_averages().table().splitlines() if "Name" in line).split()[-2:]
        return sum(e.flops or 0 for e in p.events()), title, sum(e.flops or 0 for e in q.events())
    mirror.check(program, warn=False)


def test_no_operations_on_numbers_where_they_are_not_known():
    with profile(with_flops=True) as p:
        ctorch.ones(3).exp()
    assert [e.flops for e in p.events()] == [0, 0] and not p.events()[1].input_shapes
    assert p.key_averages().table().splitlines()[-3].split()[-1] == "--"
    with profile(with_flops=True, record_shapes=True) as p:
        ctorch.ones(1000, 1000) @ ctorch.ones(1000, 2)
    (row,) = [e for e in p.key_averages(group_by_input_shape=True) if e.key == "aten::matmul"]
    assert row.flops == 4_000_000 and row.input_shapes == "[[1000, 1000], [1000, 2]]"
    assert "Total MFLOPs" in p.key_averages().table() and " 4.000" in p.key_averages().table()


@pytest.mark.parametrize("compressed", [False, True])
def test_traces_for_tensorboard(tmp_path, compressed):
    handler = profiler.tensorboard_trace_handler(str(tmp_path / "new"), "worker", compressed)
    plan = profiler.schedule(wait=0, warmup=1, active=1, repeat=2)
    with profile(schedule=plan, on_trace_ready=handler) as p:
        for _ in range(5):
            ctorch.ones(2).exp()
            p.step()
    files = sorted((tmp_path / "new").iterdir())
    assert len(files) == 2 and all(f.name.startswith("worker.") for f in files)
    assert all(f.name.endswith(".pt.trace.json" + ".gz" * compressed) for f in files)


def test_activities():
    assert profiler.supported_activities() == {ProfilerActivity.CPU}
    with pytest.warns(UserWarning, match="CUDA"):
        profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
    with pytest.raises(AssertionError):
        profile(activities=[])
    assert profile().current_action is ProfilerAction.RECORD
    with pytest.raises(AssertionError):
        profile().events()
