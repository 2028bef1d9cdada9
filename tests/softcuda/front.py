"""Stands in for nvcc: turns a CUDA source into a shared object that the software driver loads in place of a cubin.

The source is preprocessed once without the simulator's header, so that its own macros are expanded and the kernels can
be found; dynamic shared memory is renamed, a table of the kernels is added, and g++ compiles the result.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(HERE, "include")
STANDARD = ["-std=c++20", "-w"]
CHECKED = "-fsanitize=alignment,bounds,integer-divide-by-zero"
MODULE = [
    *STANDARD, "-O1", "-fPIC", "-U_FORTIFY_SOURCE", "-fno-strict-aliasing", "-ffp-contract=off", "-fwrapv",
    "-fno-exceptions", "-fno-rtti", "-fno-gnu-unique", "-fno-stack-protector", CHECKED, "-fno-sanitize-recover=all",
]
RACE = ["-fsanitize=thread", "--param", "tsan-distinguish-volatile=1", "-DSOFTCUDA_RACE"]
# A source must not pull in what the simulator's header already holds, nor anything of the machine it runs on.
SCAN = [
    *STANDARD, "-E", "-nostdinc", "-I", os.path.join(INCLUDE, "provided"), "-D__CUDACC__=1", "-D__CUDA_ARCH__=900",
    "-D__CUDACC_VER_MAJOR__=13", "-D__CUDACC_VER_MINOR__=0", "-DCUDART_VERSION=13000",
]

DYNAMIC_SHARED = re.compile(
    r"extern\s+__shared__\s+((?:__align__\s*\([^)]*\)|alignas\s*\([^)]*\))?)\s*([\w:<>\s]+?)\s+"
    r"((?:__align__\s*\([^)]*\)|alignas\s*\([^)]*\))?)\s*(\w+)\s*\[\s*\]\s*;")
PARENTHESES = r"\((?:[^()]|\([^()]*\))*\)"
KERNEL = re.compile(
    r"(template\s*<[^;{}]*>\s*)?(?:extern\s*\"C\"\s*)?(?:(?:static|inline)\s+)*__global__\s+"
    rf"((?:(?:static|inline|void|__launch_bounds__\s*{PARENTHESES}|__attribute__\s*\({PARENTHESES}\))\s+)+)"
    r"(\w+)\s*\(")
BOUNDS = re.compile(rf"__launch_bounds__\s*({PARENTHESES})")
UNSUPPORTED = re.compile(r"\b(asm|__asm__|wmma|cooperative_groups|tex2D|texture|surface)\b\s*(?:volatile\s*)?[(:<]")

IGNORED = ("-O", "-lineinfo", "-G", "-g", "-w", "-use_fast_math", "-fmad", "-ftz", "-prec-", "-expt", "-extended",
           "-std", "-diag", "-generate-line-info", "-cubin", "-m64", "-Werror", "-restrict", "-resource-usage")
WITH_VALUE = ("-arch", "-gpu-architecture", "-code", "-gpu-code", "-gencode", "-generate-code", "-Xptxas",
              "-ptxas-options", "-Xcompiler", "-compiler-options", "-ccbin", "-compiler-bindir", "-maxrregcount")


class Refused(Exception):
    """What nvcc would have said on its standard error."""


def race_mode():
    return os.environ.get("SOFTCUDA_RACE") == "1"


def compiler():
    return os.environ.get("SOFTCUDA_CXX", "g++")


def run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def read_arguments(arguments):
    """Source, output and preprocessor options; what only matters on a device is passed over."""
    source = output = None
    options = []
    rest = iter(arguments)
    for argument in rest:
        if argument.endswith((".cu", ".cuh")):
            source = argument
        elif argument in ("-o", "--output-file"):
            output = next(rest)
        elif argument[:2] in ("-D", "-I", "-U"):
            options.append(argument if len(argument) > 2 else argument + next(rest))
        elif (name := argument.replace("--", "-", 1)) in WITH_VALUE:
            next(rest)
        elif not name.startswith(IGNORED) and name.split("=")[0] not in WITH_VALUE:
            raise Refused(f"the software device's nvcc knows no option {argument}\n")
    if source is None:
        raise Refused("no source file\n")
    return source, output or os.path.splitext(source)[0] + ".cubin", options


def prepare(scanned):
    """The source with dynamic shared memory renamed and the table of its kernels at its end."""
    if found := UNSUPPORTED.search(scanned):
        raise Refused(f"the software device does not support '{found[1]}'\n")

    def pointer(match):
        return f"{match[2]} *{match[4]} = ({match[2]} *)softcuda::dynamic_shared;"

    text = DYNAMIC_SHARED.sub(pointer, scanned)
    text = re.sub(r"__shared__\s+alignas\b", "__shared__ __align__", text)  # g++ takes no alignas after static

    kernels = {}
    for template, qualifiers, name in KERNEL.findall(scanned):
        if not template:
            bounds = BOUNDS.search(qualifiers)
            kernels[name] = f", {bounds[1][1:-1]}" if bounds else ""
    table = " ".join(f"SOFTCUDA_KERNEL({name}{bounds})" for name, bounds in kernels.items())
    return f"{text}\nSOFTCUDA_MODULE({table})\n"


def compile_module(source, output, options):
    text = prepare(run([compiler(), "-x", "c++", *SCAN, *options, source]))
    header = os.path.join(INCLUDE, "softcuda.h")
    run([compiler(), "-x", "c++", *MODULE, *(RACE if race_mode() else []), "-include", header, "-shared",
         "-nostdlib", "-Wl,-Bsymbolic", "-o", output, "-", "-L", os.path.join(HERE, "lib"), "-lcuda", "-lgcc"], text)


def main(arguments):
    try:
        if "--version" in arguments:  # part of PyCUDA's cache key, so it names this build of the simulator
            print("software nvcc", os.path.basename(HERE), "race" if race_mode() else "plain")
        elif "--preprocess" in arguments or "-E" in arguments:
            source, _, options = read_arguments([a for a in arguments if a not in ("--preprocess", "-E")])
            sys.stdout.write(run([compiler(), "-x", "c++", *SCAN, "-P", *options, source]))
        else:
            compile_module(*read_arguments(arguments))
    except Refused as error:
        sys.stderr.write(str(error))
        return 1
    return 0
