"""What is said of the machine."""
import ctorch


def test_cpu_capability():
    assert ctorch.backends.cpu.get_cpu_capability() in ("DEFAULT", "AVX2", "AVX512")
