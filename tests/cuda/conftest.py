"""Device tests: they run where PyCUDA finds a device, and say why where they do not."""
import pytest

import ctorch


@pytest.fixture
def device():
    """The index of a device."""
    if not ctorch.cuda.is_available():
        try:
            ctorch.cuda.init()
        except RuntimeError as error:
            pytest.skip(str(error))
    return 0


def pytest_configure(config):
    config.addinivalue_line("markers", "race: run once more with kernels compiled for the race detector")
