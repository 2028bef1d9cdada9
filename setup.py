"""Build of ctorch: generated sources first, then the core once and the CPU kernels at three vector widths."""
import copy
import os
import platform
import re
import shlex
import subprocess
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
PACKAGE = Path("src/ctorch")
sys.path.append(str(ROOT / "src" / "ctorch"))
from _codegen import emit  # noqa: E402  (the generator is part of this source tree, not of the wheel)

JOBS = int(os.environ.get("CTORCH_BUILD_JOBS", os.cpu_count() or 1))
SANITIZE = os.environ.get("CTORCH_SANITIZE", "")

DIRECTIVES = {
    "language_level": 3, "boundscheck": False, "wraparound": False, "cdivision": True,
    "initializedcheck": False, "binding": False, "embedsignature": True,
}
# No trapping maths and no errno let loops vectorise; associative maths would change results, so it stays off.
# Warnings about generated C help nobody, and to look for them takes a tenth of the build.
CFLAGS = ["-O2", "-fwrapv", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-g0", "-w"]
LDFLAGS = ["-Wl,--strip-all", "-pthread"]
if SANITIZE:
    CFLAGS += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-g1"]
    LDFLAGS = [f"-fsanitize={SANITIZE}", "-pthread"]

# Cython's memoryview code is compiled once, not in every kernel module.
SHARED = "ctorch._cyutility"

# Families whose loops gain little from the widest vectors are built for fewer widths; the loader takes the widest
# that there is. The longest match of a family's end counts.
WIDTHS_OF_FAMILY = {"complex": ["_base"], "simple_int": ["_base"],
                    **dict.fromkeys(("int", "comparison_real", "reduce_complex", "pool", "scan", "volumes"),
                                    ("_base", "_avx2")),
                    **dict.fromkeys(("arithmetic_int", "arithmetic_complex", "reduce_int", "shift_int"),
                                    ("_base", "_avx2", "_avx512")),
                    "matmul_bfloat16": ["_base", "_avx512"]}


def accepted(*flags):
    """The flags, if the compiler takes them all; not every one has these."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    try:
        done = subprocess.run([*compiler, "-Werror", *flags, "-E", "-x", "c", os.devnull], capture_output=True)
    except OSError:
        return []
    return [] if done.returncode else list(flags)


# Tensors and nodes are cleared by vector stores: by `rep stos`, GCC's own choice, that takes longer than all else about
# them.
CFLAGS += accepted(*(f"-m{name}-strategy=vector_loop:512:noalign,libcall:-1:noalign" for name in ("memset", "memcpy")))

# Vector gathers cost three times what single loads do, since processors were mended against reading through them.
GATHERS = [name for name in ("use_gather", "use_gather_2parts", "use_gather_4parts") if accepted(f"-mtune-ctrl={name}")]
NO_GATHERS = ["-mtune-ctrl=" + ",".join("^" + name for name in GATHERS)] if GATHERS else []

# What -O3 has beyond this doubles the time of the build and gains nothing but in UNROLLED.
LOOPS = ["-O2", "-ftree-vectorize", "-fvect-cost-model=dynamic", "-fpeel-loops"]
WIDTHS = {
    "_base": ["-O1"],                   # seldom run
    "_avx2": [*LOOPS, "-march=haswell", *NO_GATHERS],
    "_avx512": [*LOOPS, "-march=skylake-avx512", "-mprefer-vector-width=512", *NO_GATHERS],
}
# One element's function that is not inlined keeps its loop from being a vector's.
INLINED = accepted("--param=inline-unit-growth=200", "--param=large-function-growth=1000",
                   "--param=max-inline-insns-single=1000")
if platform.machine().lower() not in ("x86_64", "amd64"):
    WIDTHS = {"_base": LOOPS}
# Families with loops over small tiles that must be unrolled.
UNROLLED = {"conv", "matmul", "matmul_bfloat16"}
# Passes without which the loops of the table's elementwise rows are as fast, and built in four fifths of the time;
# they matter to pooling, scans and masks.
SPARED = accepted("-fno-thread-jumps", "-fno-gcse", "-fno-tree-pre", "-fno-code-hoisting", "-fno-ipa-icf",
                  "-fno-ipa-cp", "-fno-schedule-insns2", "-fno-tree-tail-merge", "-fno-crossjumping",
                  "-fno-store-merging", "-fno-ipa-modref", "-fno-rerun-cse-after-loop")
# Modules that do little but hand their arguments on; -O1 halves their time.
PLAIN = ["-O1", *accepted("-fno-tree-dominator-opts", "-fno-tree-pta", "-fno-tree-bit-ccp", "-fno-ipa-profile",
                          "-fno-ipa-modref", "-fno-tree-sink")]
THIN = {"_core", "_factories", "_functions", "_indexing", "_keywords", "_random_functions", "_table_methods",
        "_view_methods", "_views"}
ONLY = os.environ.get("CTORCH_BUILD_WIDTHS", "").split()        # for a quick build while developing, "_avx2" say


INCLUDES = ["src", str(PACKAGE), str(PACKAGE / "_kernels")]


def headers_of(source):
    """The headers of ours that a C file includes, by themselves or through others."""
    found, unread = set(), [Path(source)]
    while unread:
        text = unread.pop().read_text()
        names = re.findall(r'^\s*#\s*(?:include|define BODY) "([^"]+)"', text, re.M)
        headers = {Path(folder, name) for name in names for folder in INCLUDES} - found
        unread += [h for h in headers if h.exists()]
        found |= {h for h in headers if h.exists()}
    return sorted(map(str, found))


def extension(name, source, flags=()):
    return Extension(name, [str(source)], include_dirs=INCLUDES,
                     extra_compile_args=[*CFLAGS, *flags], extra_link_args=LDFLAGS, libraries=["m"])


class BuildExt(build_ext):
    """Compiles the one C file of each kernel family once per vector width, each in its own object folder."""

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or JOBS

    def run(self):
        if self.inplace:             # a width that is no longer built would be loaded with an old table
            built = {Path(self.get_ext_fullpath(ext.name)).resolve() for ext in self.extensions}
            for path in (ROOT / PACKAGE / "_kernels").glob("_*/*.so"):
                if path.resolve() not in built:
                    path.unlink()
        super().run()

    def build_extension(self, ext):
        own = copy.copy(self)
        own.compiler = copy.copy(self.compiler)
        own.build_temp = os.path.join(self.build_temp, ext.name)
        build_ext.build_extension(own, ext)

    def get_libraries(self, ext):
        return ext.libraries


def widths_of(family):
    ends = [end for end in WIDTHS_OF_FAMILY if f"_{family}".endswith("_" + end)]
    widths = [width for width in (WIDTHS_OF_FAMILY[max(ends, key=len)] if ends else WIDTHS) if width in WIDTHS]
    return ([width for width in widths if width in ONLY] or widths[-1:]) if ONLY else widths


def extensions():
    emit.write_sources(ROOT)
    core = [extension(f"ctorch.{p.stem}", p.relative_to(ROOT), PLAIN if p.stem in THIN else [])
            for p in sorted((ROOT / PACKAGE).glob("*.pyx"))]
    core += [extension(f"ctorch._forward.{p.stem}", p.relative_to(ROOT))
             for p in sorted((ROOT / PACKAGE / "_forward").glob("*.pyx"))]
    kernels = [extension(f"ctorch._kernels.{p.stem}", p.relative_to(ROOT))
               for p in sorted((ROOT / PACKAGE / "_kernels").glob("*.pyx"))]
    shared = extension(SHARED, PACKAGE / f"{SHARED.rpartition('.')[2]}.c", ["-O1"])
    built = cythonize([*core, *kernels, shared], nthreads=JOBS, include_path=["src"], compiler_directives=DIRECTIVES,
                      language_level=3, shared_utility_qualified_name=SHARED)
    modules = []
    for ext in built:
        ext.depends = headers_of(ext.sources[0])
        family = ext.name.rpartition(".")[2]
        if "._kernels." not in ext.name or family == "_load":
            modules.append(ext)
            continue
        widths = widths_of(family)
        for width in widths:
            flags = LOOPS if widths == ["_base"] else WIDTHS[width]
            flags = [*flags, "-O3"] if family in UNROLLED and width != "_base" else flags
            flags = [*flags, *INLINED] if family.startswith("_gen_") else flags
            flags = [*flags, *SPARED] if family.startswith("_gen_") and "reduce" not in family else flags
            modules.append(extension(f"ctorch._kernels.{width}.{family}", ext.sources[0], flags))
            modules[-1].depends = ext.depends
    return modules


# A source archive and the metadata need no generated or compiled file.
DESCRIBES = {"sdist", "egg_info", "dist_info"} & set(sys.argv)

setup(ext_modules=[] if DESCRIBES else extensions(), cmdclass={"build_ext": BuildExt})
