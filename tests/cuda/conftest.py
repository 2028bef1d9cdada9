import pytest
import ctorch
@pytest.fixture
def device():
    if not ctorch.cuda.is_available(): pytest.skip("no CUDA device")
