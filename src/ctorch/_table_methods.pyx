"""Methods of Tensor that come from the table of operators; generated from ops/*.toml by _codegen.functions."""
from ctorch._dispatch cimport *
from ctorch._functions cimport *
from ctorch._reduce cimport *
from ctorch._tensor cimport TensorBase

from ctorch import _functions as functions

include "_gen/methods.pxi"
