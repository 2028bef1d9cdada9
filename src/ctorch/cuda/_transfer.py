"""Values from one place to another: between host and devices, dtypes and strides. Nothing here is recorded."""
import struct

import ctorch
from ctorch._views import copy_values
from ctorch.cuda import _driver, _layout, launch, pinned, streams
from ctorch.cuda import copy as raw
from ctorch.cuda._layout import TYPES
from ctorch.cuda.module import function_of_text


def cast_text(to, frm) -> str:
    """The kernel that copies between two dtypes."""
    return f"""#include "loops.cuh"
extern "C" __global__ void ct_copy(Layout<2> layout, {TYPES[to.name]} *to, const {TYPES[frm.name]} *frm) {{
    for (CT_EACH(i, layout.n)) {{
        i64 at[2];
        layout.places(i, at);
        to[at[0]] = {"frm[at[1]]" if to == frm else f"Converted<{TYPES[to.name]}>::of(widen(frm[at[1]]))"};
    }}
}}
"""


def copy(to, frm, non_blocking=False):
    """to[...] = frm, cast and broadcast.

    With `non_blocking` a copy from or to page-locked memory of the same dtype and layout is only put in the current
    stream; any other is done when this returns.
    """
    if to.numel() == 0:
        return
    if to.is_cuda and frm.is_cuda:
        if to.device == frm.device:
            _within(to, frm)
        else:
            _across(to, frm)
    elif to.is_cuda:
        _to_device(to, frm, non_blocking)
    else:
        _to_host(to, frm, non_blocking)


def prepared(x, dtype, device):
    """A tensor as a kernel reads it: on the device, of the dtype; itself where it is."""
    if x.device == device and x.dtype == dtype:
        return x
    y = ctorch.empty(x.shape, dtype=dtype, device=device)
    copy(y, x)
    return y


def _within(to, frm):
    index = to.device.index
    if to.dtype == frm.dtype and to.shape == frm.shape and to.is_contiguous() and frm.is_contiguous():
        return raw.d2d(to.data_ptr(), frm.data_ptr(), to.numel() * to.element_size(), index)
    _driver.activate(index)
    kernel = function_of_text(index, f"copy_{to.dtype.name}_{frm.dtype.name}",
                              lambda: cast_text(to.dtype, frm.dtype), "ct_copy")
    arguments = _layout.packed("copy", to.shape, [to.stride(), _layout.stretched(frm, to.shape)])
    arguments += struct.pack("2P", to.data_ptr(), frm.data_ptr())
    return launch.launch(kernel, (launch.blocks_for(to.numel()), 1), (launch.THREADS, 1, 1), arguments, 0,
                         streams.raw(index))


def _dense(x):
    if x.is_contiguous():
        return x
    y = ctorch.empty(x.shape, dtype=x.dtype, device=x.device)
    _within(y, x)
    return y


def _across(to, frm):
    dense = _dense(frm)
    landed = ctorch.empty(frm.shape, dtype=frm.dtype, device=to.device)
    raw.peer(landed.data_ptr(), to.device.index, dense.data_ptr(), frm.device.index,
             dense.numel() * dense.element_size())
    _within(to, landed)


def _to_device(to, frm, non_blocking):
    host = frm
    if frm.dtype != to.dtype or not frm.is_contiguous():
        host = ctorch.empty(frm.shape, dtype=to.dtype, device="cpu")
        copy_values(host, frm)
    direct = to.is_contiguous() and to.shape == host.shape
    landed = to if direct else ctorch.empty(host.shape, dtype=to.dtype, device=to.device)
    queued = non_blocking and pinned.is_pinned(host)
    raw.h2d(landed.data_ptr(), host.data_ptr(), host.numel() * host.element_size(), to.device.index, queued)
    if queued:
        pinned.record_stream(host, streams.current_stream(to.device.index))
    if not direct:
        _within(to, landed)


def _to_host(to, frm, non_blocking):
    dense = _dense(frm)
    direct = to.is_contiguous() and to.shape == frm.shape and to.dtype == frm.dtype
    landed = to if direct else ctorch.empty(frm.shape, dtype=frm.dtype, device="cpu")
    queued = non_blocking and direct and pinned.is_pinned(to)
    raw.d2h(landed.data_ptr(), dense.data_ptr(), dense.numel() * dense.element_size(), frm.device.index, queued)
    if queued:
        pinned.record_stream(to, streams.current_stream(frm.device.index))
    if not direct:
        copy_values(to, landed)
