"""From the text of a kernel family to a cubin: sources joined, nvcc or NVRTC, and a cache on disk.

The cubins are kept in `$CTORCH_CACHE_DIR/cuda` (default `$XDG_CACHE_HOME/ctorch/cuda`), each under the hash of all
that it depends on, and appear there whole by a rename, so any number of processes may share the folder.
`CTORCH_CUDA_COMPILER=nvcc` or `nvrtc` chooses the compiler.
"""
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import warnings

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels")
OPTIONS = ("-std=c++17",)

# dtype of a family's text -> the type of an element in memory, and the one it is computed in
TYPES = {
    "float32": ("float", "float"), "float64": ("double", "double"),
    "float16": ("half_t", "float"), "bfloat16": ("bfloat16_t", "float"),
    "complex64": ("complex64_t", "complex64_t"), "complex128": ("complex128_t", "complex128_t"),
    "bool": ("bool", "bool"), "uint8": ("u8", "u8"), "int8": ("i8", "i8"), "int16": ("i16", "i16"),
    "uint16": ("u16", "u16"), "int32": ("i32", "i32"), "uint32": ("u32", "u32"), "int64": ("i64", "i64"),
    "uint64": ("u64", "u64"),
}

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"(\w+\.cuh)"[^\n]*(?:\n|\Z)', re.MULTILINE)


class CompileError(RuntimeError):
    """A kernel that does not compile: the compiler's words."""


# ---- text

@functools.cache
def _file(name: str) -> str:
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def join(text: str) -> str:
    """Text with its `#include "x.cuh"` lines replaced by the files, each once, so that it stands alone."""
    seen = set()

    def paste(match):
        name = match[1]
        if name in seen:
            return ""
        seen.add(name)
        return _INCLUDE.sub(paste, _file(name).replace("#pragma once\n", ""))

    return _INCLUDE.sub(paste, text)


def families() -> list[str]:
    """Names of the kernel files."""
    return sorted(name[:-3] for name in os.listdir(FOLDER) if name.endswith(".cu"))


def dtypes_of(family: str) -> list[str]:
    """The dtypes that a kernel file is compiled for, by its first line `// dtypes: ...`."""
    return re.search(r"^// dtypes: (.+)$", _file(family + ".cu"), re.MULTILINE)[1].split()


def prelude(dtype: str) -> str:
    """What tells a text its dtype: `store_t`, an element in memory, and `real_t`, in which it is computed."""
    store, compute = TYPES[dtype]
    return f"#define CT_STORE {store}\n#define CT_COMPUTE {compute}\n"


def source(family: str, dtype: str) -> str:
    """The whole text of a kernel file for a dtype."""
    return prelude(dtype) + join(_file(family + ".cu"))


# ---- compilers

def compiler() -> str:
    """"nvcc" or "nvrtc": what there is, or what CTORCH_CUDA_COMPILER says."""
    chosen = os.environ.get("CTORCH_CUDA_COMPILER")
    if chosen not in (None, "", "nvcc", "nvrtc"):
        raise RuntimeError(f"CTORCH_CUDA_COMPILER must be nvcc or nvrtc, got {chosen}")
    if chosen:
        return chosen
    if shutil.which("nvcc"):
        return "nvcc"
    if _nvrtc() is not None:
        return "nvrtc"
    raise RuntimeError("CUDA kernels are compiled at first use, and there is neither nvcc on the PATH (install a CUDA "
                       "toolkit) nor NVRTC (pip install cuda-bindings nvidia-cuda-nvrtc)")


@functools.cache
def _nvrtc():
    try:
        from cuda.bindings import nvrtc
        nvrtc.nvrtcVersion()
    except (ImportError, RuntimeError, OSError):
        return None
    return nvrtc


@functools.cache
def version(which: str) -> str:
    """A compiler's version, which is part of a cubin's name."""
    if which == "nvrtc":
        nvrtc = _nvrtc()
        if nvrtc is None:
            raise RuntimeError("NVRTC cannot be loaded: pip install cuda-bindings nvidia-cuda-nvrtc")
        return "nvrtc {}.{}".format(*nvrtc.nvrtcVersion()[1:])
    return subprocess.run(["nvcc", "--version"], capture_output=True, text=True, check=True).stdout


def build(text: str, arch: str) -> bytes:
    """The cubin of a text for an architecture such as "sm_90", compiled now."""
    return _build_nvrtc(text, arch) if compiler() == "nvrtc" else _build_nvcc(text, arch)


def _build_nvcc(text, arch):
    from pycuda import compiler as pycuda_compiler
    from pycuda.driver import CompileError as PycudaError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)         # nvcc's remarks on a kernel that compiles
            return pycuda_compiler.compile(text, options=list(OPTIONS), arch=arch, no_extern_c=True, cache_dir=False)
    except PycudaError as error:
        raise CompileError(f"nvcc cannot compile a kernel for {arch}:\n{error.stderr}") from error


def _build_nvrtc(text, arch):
    nvrtc = _nvrtc()

    def call(function, *args):
        status, *results = function(*args)
        if int(status):
            raise CompileError(f"{function.__name__}: {nvrtc.nvrtcGetErrorString(status)[1].decode()}")
        return results[0] if len(results) == 1 else results

    program = call(nvrtc.nvrtcCreateProgram, text.encode(), b"kernel.cu", 0, [], [])
    options = [f"-arch={arch}".encode(), *(o.encode() for o in OPTIONS)]
    try:
        if int(nvrtc.nvrtcCompileProgram(program, len(options), options)[0]):
            log = b" " * call(nvrtc.nvrtcGetProgramLogSize, program)
            call(nvrtc.nvrtcGetProgramLog, program, log)
            raise CompileError(f"NVRTC cannot compile a kernel for {arch}:\n{log.decode().rstrip(chr(0)).rstrip()}")
        cubin = b" " * call(nvrtc.nvrtcGetCUBINSize, program)
        call(nvrtc.nvrtcGetCUBIN, program, cubin)
        return cubin
    finally:
        nvrtc.nvrtcDestroyProgram(program)


# ---- cache

def cache_folder() -> str:
    """Where cubins are kept."""
    root = os.environ.get("CTORCH_CACHE_DIR")
    if not root:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        root = os.path.join(home, "ctorch")
    return os.path.join(root, "cuda")


def cubin_path(text: str, arch: str) -> str:
    which = compiler()
    key = "\0".join([text, arch, which, version(which), *OPTIONS])
    return os.path.join(cache_folder(), hashlib.sha256(key.encode()).hexdigest()[:40] + ".cubin")


def cubin(text: str, arch: str) -> bytes:
    """The cubin of a text, from the cache or compiled now."""
    path = cubin_path(text, arch)
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        data = build(text, arch)
        _keep(path, data)
        return data


def _keep(path, data):
    """Write a cache file whole; a folder that cannot be written only costs the next process a compilation."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".part")
    except OSError as error:
        warnings.warn(f"compiled CUDA kernels cannot be kept: {error}; CTORCH_CACHE_DIR names another folder",
                      RuntimeWarning, stacklevel=2)
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
