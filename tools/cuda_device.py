"""Prints the name of the first CUDA device, or says why there is none and exits with 1. Asks the driver alone."""
import argparse
import ctypes
import sys

NO_DEVICE = 100


class Missing(Exception):
    """Why no device can be used."""


def load(name="libcuda.so.1"):
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        raise Missing(f"no NVIDIA driver: {error}") from error


def call(driver, function, *arguments):
    status = getattr(driver, function)(*arguments)
    if status == NO_DEVICE:
        raise Missing("the NVIDIA driver finds no device (does nvidia-smi list one? CUDA_VISIBLE_DEVICES hides some)")
    if status:
        words = ctypes.c_char_p()
        driver.cuGetErrorName(status, ctypes.byref(words))
        raise Missing(f"the NVIDIA driver cannot be used: {function} says {(words.value or b'?').decode()} ({status})")


def first(driver):
    """The name of device 0."""
    count, device, name = ctypes.c_int(), ctypes.c_int(), ctypes.create_string_buffer(256)
    call(driver, "cuInit", 0)
    call(driver, "cuDeviceGetCount", ctypes.byref(count))
    if count.value == 0:
        raise Missing("the NVIDIA driver finds no device")
    call(driver, "cuDeviceGet", ctypes.byref(device), 0)
    call(driver, "cuDeviceGetName", name, len(name), device)
    return name.value.decode()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--otherwise", default="", help="what to suggest where there is none")
    options = parser.parse_args(arguments)
    try:
        print(first(load()))
    except Missing as reason:
        print(f"{reason}. {options.otherwise}".rstrip(". ") + ".", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
