"""Runs the checks of style, spelling, table and manifest, or with --fix mends what can be mended."""
import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def tracked(*patterns):
    """Files in git, so that generated ones are left out."""
    return subprocess.check_output(["git", "ls-files", "--", *patterns], cwd=ROOT, text=True).splitlines()


def tool(name, *arguments, files=None):
    """The command of an installed tool, or None where there is no file for it."""
    return None if files == [] else [str(BIN / name), *arguments, *(files or [])]


def checks():
    cython = tracked("src/*.pyx", "src/*.pxd", "tests/*.pyx", "examples/*.pyx")
    return {
        "ruff": tool("ruff", "check", "--quiet", "--output-format", "concise"),
        "cython-lint": tool("cython-lint", files=cython),
        "codespell": tool("codespell", files=tracked()),
        "clang-format": tool("clang-format", "--dry-run", "-Werror", files=tracked("*.cu", "*.cuh")),
        "op table": [sys.executable, "tools/lint_table.py"],
        "check-manifest": tool("check-manifest", "--no-build-isolation", "-q"),
    }


def fixes():
    return {
        "ruff": tool("ruff", "check", "--fix", "--quiet"),
        "codespell": tool("codespell", "--write-changes", files=tracked()),
        "clang-format": tool("clang-format", "-i", files=tracked("*.cu", "*.cuh")),
    }


def run(name, command):
    """Runs one command, prints a line about it and returns whether it passed."""
    print(f"  {name:16}", end="", flush=True)
    if command is None:
        print("no files")
        return True
    start = time.perf_counter()
    environment = os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(f"{'ok' if done.returncode == 0 else 'failed':8}{time.perf_counter() - start:5.1f} s")
    if done.returncode:
        print("\n" + done.stdout.rstrip() + "\n")
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="change the files")
    parser.add_argument("names", nargs="*", help="which of them (default: all)")
    options = parser.parse_args()
    chosen = fixes() if options.fix else checks()
    if unknown := set(options.names) - set(chosen):
        parser.error(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(chosen)}")
    results = [run(name, chosen[name]) for name in options.names or chosen]
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
