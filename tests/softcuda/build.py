"""Builds what the device tests need on a machine without a GPU: the software driver with its compiler, and PyCUDA.

Both go into a cache folder named by the hash of what they are made from, so that this is done once:
``${XDG_CACHE_HOME:-~/.cache}/ctorch-softcuda``. ``--run python script.py`` starts a program that meets the software
device.
"""
import argparse
import contextlib
import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import front  # noqa: E402

PYCUDA = "2026.1"
# Headers that a kernel may include, since the simulator's own header holds what they declare.
PROVIDED = """
    cuda.h cuda_runtime.h cuda_fp16.h cuda_bf16.h device_launch_parameters.h math_constants.h vector_types.h
    assert.h cassert cfloat climits cmath cstddef cstdint cstdio cstring float.h limits.h math.h stddef.h stdint.h
    stdio.h string.h type_traits utility
""".split()


class Unavailable(Exception):
    """Why the software device cannot be built on this machine."""


# ---- what the machine has --------------------------------------------------------------------------------------------

def toolkit():
    """The folder of the CUDA toolkit."""
    named = [os.environ[name] for name in ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT") if os.environ.get(name)]
    compiler = shutil.which("nvcc")
    beside = [Path(compiler).resolve().parent.parent] if compiler else []
    for folder in map(Path, [*named, *beside, "/usr/local/cuda"]):
        if (folder / "include" / "cuda.h").is_file():
            return folder
    raise Unavailable("no CUDA toolkit: cuda.h is neither under CUDA_HOME, nor beside an nvcc on PATH, "
                      "nor in /usr/local/cuda")


def compiler_version():
    try:
        return subprocess.check_output([front.compiler(), "-dumpfullversion"], text=True).strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Unavailable(f"no {front.compiler()}, which compiles the kernels") from error


def unavailable():
    """Why the software device cannot be built here, or None."""
    try:
        toolkit()
        compiler_version()
    except Unavailable as reason:
        return str(reason)
    return None


def cuda_version():
    return re.search(r"#define CUDA_VERSION (\d+)", (toolkit() / "include" / "cuda.h").read_text())[1]


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def cache():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ctorch-softcuda"


def driver_folder():
    sources = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix in ("", ".cpp", ".h", ".py"))
    contents = [f"{path.relative_to(HERE)}\n{path.read_text()}" for path in sources]
    return cache() / f"driver-{digest(*contents, compiler_version(), cuda_version(), platform.machine())}"


def pycuda_folder():
    return cache() / f"pycuda-{digest(PYCUDA, cuda_version(), sys.implementation.cache_tag, platform.machine())}"


# ---- steps -----------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def step(name):
    """One line with its time; the output of a command that fails."""
    start = time.perf_counter()
    print(f"  {name:<44}", end="", flush=True, file=sys.stderr)
    try:
        yield
    except subprocess.CalledProcessError as error:
        print("failed\n\n" + (error.stdout or "")[-4000:], file=sys.stderr)
        sys.exit(1)
    print(f"{time.perf_counter() - start:4.0f} s", file=sys.stderr)


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options).stdout


@contextlib.contextmanager
def made_once(folder):
    """Yields an empty folder that takes the name `folder` when all went well, or None where that exists.

    Of two processes the second waits for the first; a build that was cut short leaves no folder behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        if not folder.is_dir():
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.is_dir():
            yield None
            return
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="making-") as making:
            inside = Path(making) / "made"
            inside.mkdir()
            yield inside
            inside.rename(folder)


# ---- the driver ------------------------------------------------------------------------------------------------------

def header_names(folder):
    """All functions that the toolkit's headers declare, under each name that they give them."""
    (folder / "GL").mkdir()
    (folder / "GL" / "gl.h").write_text("typedef unsigned int GLuint; typedef unsigned int GLenum;\n")
    include = toolkit() / "include"
    present = [name for name in ("cuda.h", "cudaGL.h", "cudaProfiler.h") if (include / name).is_file()]
    source = folder / "headers.cpp"
    source.write_text("".join(f"#include <{name}>\n" for name in present))
    names = set()
    for variant in ([], ["-D__CUDA_API_VERSION_INTERNAL"], ["-DCUDA_API_PER_THREAD_DEFAULT_STREAM"]):
        text = run(front.compiler(), "-E", "-P", f"-I{include}", f"-I{folder}", *variant, str(source))
        names.update(re.findall(r"\b(cu[A-Z]\w*)\s*\(", text))
    return names


def write_error_names(path):
    names = re.findall(r"^\s+(CUDA_(?:SUCCESS|ERROR_\w+))\s*=", (toolkit() / "include" / "cuda.h").read_text(), re.M)
    entries = "\n".join(f'    {{{name}, "{name}"}},' for name in dict.fromkeys(names))
    path.write_text(f"static const struct {{ CUresult code; const char* name; }} ERROR_NAMES[] = {{\n{entries}\n}};\n")


def write_unsupported(path, names, objects):
    """A function that says so for every name the driver lacks: PyCUDA cannot be imported without the symbols."""
    have = set(re.findall(r" T (cu\w+)", run("nm", *map(str, objects))))
    functions = "\n".join(f'int {name}(void) {{ return softcuda_unsupported("{name}"); }}'
                          for name in sorted(names - have))
    path.write_text(f"int softcuda_unsupported(const char*);\n{functions}\n")


def build_driver(folder):
    lib = folder / "lib"
    lib.mkdir()
    flags = ["-std=c++20", "-O2", "-fPIC", "-Wall", "-Wextra", "-Werror", "-U_FORTIFY_SOURCE"]
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_error_names(work / "error_names.h")

        def compiled(source):
            target = work / f"{source.stem}.o"
            run(front.compiler(), *flags, "-c", str(source), "-o", str(target), f"-I{work}",
                "-isystem", str(toolkit() / "include"))
            return target

        with ThreadPoolExecutor(2) as pool:
            objects = list(pool.map(compiled, sorted((HERE / "driver").glob("*.cpp"))))
        write_unsupported(work / "unsupported.c", header_names(work), objects)
        run(front.compiler(), "-x", "c", "-O1", "-fPIC", "-w", "-c", str(work / "unsupported.c"), "-o",
            str(work / "unsupported.o"))
        run(front.compiler(), "-shared", "-Wl,-soname,libcuda.so.1", "-Wl,-Bsymbolic", "-o", str(lib / "libcuda.so.1"),
            *map(str, objects), str(work / "unsupported.o"), "-lm", "-ldl")
    (lib / "libcuda.so").symlink_to("libcuda.so.1")


def build_compiler(folder):
    """The front and the simulator's header, precompiled for both modes."""
    shutil.copytree(HERE / "include", folder / "include")
    provided = folder / "include" / "provided"
    provided.mkdir()
    for name in PROVIDED:
        (provided / name).touch()
    shutil.copy(HERE / "front.py", folder)
    (folder / "bin").mkdir()
    shutil.copy(HERE / "nvcc", folder / "bin")
    header = folder / "include" / "softcuda.h"
    (folder / "kernels").mkdir()  # PyCUDA's cache: what it keeps is as good as this build
    precompiled = folder / "include" / "softcuda.h.gch"
    precompiled.mkdir()
    for name, mode in (("plain", []), ("race", front.RACE)):
        run(front.compiler(), *front.MODULE, *mode, "-x", "c++-header", str(header), "-o", str(precompiled / name))


def remove_old_drivers(kept):
    """Those of earlier sources, once they have not been used for a week."""
    for folder in cache().glob("driver-*/"):
        if folder != kept and time.time() - folder.stat().st_mtime > 7 * 86400:
            shutil.rmtree(folder, ignore_errors=True)


def driver():
    folder = driver_folder()
    with made_once(folder) as making:
        if making:
            with step("the software driver"):
                build_driver(making)
            with step("its compiler"):
                build_compiler(making)
            remove_old_drivers(folder)
    os.utime(folder)
    return folder


# ---- PyCUDA ----------------------------------------------------------------------------------------------------------

def build_pycuda(folder, libraries):
    """A wheel against the toolkit's headers; which driver it meets is settled when it is loaded."""
    with tempfile.TemporaryDirectory() as temporary:
        settings = {
            "CUDA_ROOT": str(toolkit()), "CUDA_INC_DIR": [str(toolkit() / "include")],
            "CUDADRV_LIB_DIR": [str(libraries)], "CUDA_ENABLE_CURAND": False,
            "CXXFLAGS": ["-O1", "-g0", "-w"], "LDFLAGS": ["-s"],
        }
        # PyCUDA reads its settings from the home folder.
        Path(temporary, ".aksetup-defaults.py").write_text("".join(f"{k} = {v!r}\n" for k, v in settings.items()))
        run(sys.executable, "-m", "venv", f"{temporary}/venv")
        pip = [f"{temporary}/venv/bin/python", "-m", "pip", "--disable-pip-version-check", "-q"]
        run(*pip, "install", "setuptools", "wheel", "numpy")
        run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), f"pycuda=={PYCUDA}",
            env=os.environ | {"HOME": temporary})


def pycuda():
    folder = pycuda_folder()
    libraries = driver() / "lib"
    with made_once(folder) as making:
        if making:
            with step(f"PyCUDA {PYCUDA}, a few minutes once"):
                build_pycuda(making, libraries)
    return next(folder.glob("*.whl"))


# ---- settings --------------------------------------------------------------------------------------------------------

def environment():
    """What makes a process find the software device, before it starts."""
    folder = driver()
    before = os.environ.get("LD_LIBRARY_PATH")
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": f"{folder / 'lib'}:{before}" if before else str(folder / "lib"),
        "PYCUDA_CACHE_DIR": str(folder / "kernels"),
        "CTORCH_CUBLAS": "none",     # a real one would look for a real driver
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", action="store_true", help="print NAME=VALUE lines for env(1)")
    parser.add_argument("--run", nargs=argparse.REMAINDER, metavar="COMMAND", help="run this on the software device")
    parser.add_argument("--wheel", action="store_true", help="print the path of PyCUDA's wheel")
    parser.add_argument("--check", action="store_true", help="only say what is missing; exit status 1 if something is")
    options = parser.parse_args()
    if reason := unavailable():
        print(reason, file=sys.stderr)
        return 1
    if options.check:
        return 0
    if options.run:
        os.execvpe(options.run[0], options.run, os.environ | environment())
    if options.env:
        print("\n".join(f"{name}={value}" for name, value in environment().items()))
    else:
        wheel = pycuda()
        if options.wheel:
            print(wheel)
    return 0


if __name__ == "__main__":
    sys.exit(main())
