"""Options of all tests; being here, this file also puts the folder on the path, for the helpers in it."""

import importlib.util


def pytest_addoption(parser):
    parser.addoption(
        "--record", action="store_true", help="write tests/reference anew, from PyTorch's results"
    )
    parser.addoption("--gradients", choices=("few", "full"), default="few",
                     help="how many samples of each operator are differentiated")


def pytest_configure(config):
    if importlib.util.find_spec("hypothesis"):  # which the tests on a GPU do without
        from hypothesis import settings

        settings.register_profile("ctorch", settings(), deadline=None)  # the machine may be busy
        settings.load_profile("ctorch")
    if config.getoption("--record"):
        import mirror

        if mirror.torch is None:
            raise RuntimeError("--record needs PyTorch")
        mirror.recording = True
