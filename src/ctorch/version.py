"""What this build is: PyTorch's module ``torch.version``. CUDA's version is that of the library found at run time."""
__all__ = ["__version__", "cuda", "debug", "git_version", "hip", "xpu"]

__version__ = "0.1.0"
debug = False
cuda = hip = xpu = git_version = None
