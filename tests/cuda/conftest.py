"""The device of these tests: a real one, or the software device of tests/softcuda. Without any they are skipped."""
import pytest
from softcuda import build


def pytest_configure(config):
    config.addinivalue_line("markers", "race: run once more with kernels compiled for the race detector")


def pytest_terminal_summary(terminalreporter, config):
    """What the kernels take, after `make check-kernels`."""
    import resources

    if rows := config.stash.get(resources.KERNELS, None):
        path = config.rootpath / "out" / "kernels.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(resources.table(rows))
        terminalreporter.write_line(f"\n{resources.summary(rows)}\n{len(rows)} kernels by {resources.compiler()}, "
                                    f"each in {path.relative_to(config.rootpath)}")


def connect():
    """The first device and None, or None and why there is none."""
    try:
        import pycuda.driver as driver
    except ImportError as error:
        missing = build.unavailable()
        return None, f"{error}; {missing or '`make test-softcuda` has a device in software'}"
    try:
        driver.init()
        return driver.Device(0), None
    except driver.Error as error:
        return None, f"no CUDA device: {error}"


@pytest.fixture(scope="session")
def device():
    """The number of the first device. A test that asks for it is skipped where there is none."""
    found, reason = connect()
    if found is None:
        pytest.skip(reason)
    return 0


@pytest.fixture(scope="session")
def software(device):
    """The software device; tests of its own checks are skipped on a real one."""
    found, _ = connect()
    if not found.name().startswith("software"):
        pytest.skip(f"{found.name()} is not the software device: run `make test-softcuda`")
    return found


@pytest.fixture(scope="session")
def real(device):
    """A real device; what the software device cannot show is skipped there."""
    found, _ = connect()
    if found.name().startswith("software"):
        pytest.skip("the software device does its work when it is asked for: run `make test-gpu`")
    return found
