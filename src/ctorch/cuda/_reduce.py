"""Reductions: kernels from the table's map, combine and post expressions, and their launches.

Many results of few elements are made by a thread each; fewer results by a block each, which folds in shared memory;
where there are so few that the device would idle, several blocks leave partial states that a second launch folds.
"""
import struct

import ctorch
from ctorch._gen.cuda_table import COMPUTE, REDUCTIONS
from ctorch.cuda import _driver, _layout, launch, streams
from ctorch.cuda._layout import REAL, TYPES, category_of
from ctorch.cuda.module import function_of_text

THREADS = 256
PART = 16384                         # elements that a block folds, at least, before another is set beside it
MOST_PARTS = 1024
WIDER = {"uint8": "int64", "int32": "int64"}


def state_of(op: dict, dtype) -> str:
    """The dtype that values are folded in. Floats need none wider: a block's tree of sums rounds little."""
    compute = COMPUTE[dtype.name]
    if op["state"] == "wide":
        return WIDER.get(compute, compute)
    return compute if op["state"] == "same" else op["state"]


def module_text(op: dict, dtype, out) -> str:
    """The kernels of one reduction for one dtype."""
    text, compute, state = op["text"][category_of(dtype)], COMPUTE[dtype.name], state_of(op, dtype)
    return f"""#include "loops.cuh"
#include "maths.cuh"
typedef {TYPES[state]} State;
typedef {TYPES[dtype.name]} In;
typedef {TYPES[out.name]} Out;
namespace element {{
typedef {TYPES[compute]} T;
typedef {TYPES[REAL.get(compute, compute)]} R;
CT_DEVICE State map(T x) {{ return State({text['map']}); }}
}}
typedef State T;
typedef {TYPES[REAL.get(state, state)]} R;
CT_DEVICE State combine(State a, State b) {{ return State({text['combine']}); }}
CT_DEVICE State identity() {{ return State({text['identity']}); }}
CT_DEVICE Out post(State a, i64 count) {{
    State n = State((R)count);
    (void)n;
    return Converted<Out>::of({text['post']});
}}

extern "C" __global__ void ct_threads(Layout<2> kept, Layout<1> folded, Out *out, const In *x) {{
    for (CT_EACH(i, kept.n)) {{
        i64 at[2], place;
        kept.places(i, at);
        State a = identity();
        for (i64 j = 0; j < folded.n; j++) {{
            folded.places(j, &place);
            a = combine(a, element::map(widen(x[at[1] + place])));
        }}
        out[at[0]] = post(a, folded.n);
    }}
}}

CT_DEVICE State of_block(State a) {{
    __shared__ State states[{THREADS}];
    states[threadIdx.x] = a;
    __syncthreads();
    for (int width = {THREADS} / 2; width > 0; width /= 2) {{
        if (threadIdx.x < width) states[threadIdx.x] = combine(states[threadIdx.x], states[threadIdx.x + width]);
        __syncthreads();
    }}
    State total = states[0];
    __syncthreads();
    return total;
}}

// gridDim.y parts of each result: with one the results, else states
extern "C" __global__ void ct_blocks(Layout<2> kept, Layout<1> folded, Out *out, const In *x, State *parts) {{
    i64 first = folded.n * blockIdx.y / gridDim.y, end = folded.n * (blockIdx.y + 1) / gridDim.y;
    for (i64 i = blockIdx.x; i < kept.n; i += gridDim.x) {{
        i64 at[2], place;
        kept.places(i, at);
        State a = identity();
        for (i64 j = first + threadIdx.x; j < end; j += {THREADS}) {{
            folded.places(j, &place);
            a = combine(a, element::map(widen(x[at[1] + place])));
        }}
        a = of_block(a);
        if (threadIdx.x == 0) {{
            if (gridDim.y == 1) out[at[0]] = post(a, folded.n);
            else parts[i * gridDim.y + blockIdx.y] = a;
        }}
    }}
}}

extern "C" __global__ void ct_parts(Layout<2> kept, Out *out, const State *parts, i64 count, i64 n) {{
    for (i64 i = blockIdx.x; i < kept.n; i += gridDim.x) {{
        i64 at[2];
        kept.places(i, at);
        State a = identity();
        for (i64 j = threadIdx.x; j < count; j += {THREADS}) a = combine(a, parts[i * count + j]);
        a = of_block(a);
        if (threadIdx.x == 0) out[at[0]] = post(a, n);
    }}
}}
"""


def run(which, x, out, dims):
    """Reduce x over `dims` into `out`, whose shape has those dimensions as ones or not at all."""
    op, results = REDUCTIONS[which], out.numel()
    if category_of(x.dtype) not in op["text"]:
        raise NotImplementedError(f"{op['name']}: not implemented for device 'cuda' and dtype {x.dtype}")
    if results == 0:
        return
    kept = [d for d in range(x.dim()) if d not in dims]
    count = 1
    for d in dims:
        count *= x.shape[d]
    dense = [1] * len(kept)
    for k in range(len(kept) - 2, -1, -1):
        dense[k] = dense[k + 1] * x.shape[kept[k + 1]]
    strides = x.stride()
    places = _layout.packed(op["name"], [x.shape[d] for d in kept], [dense, [strides[d] for d in kept]])
    folded = _folded(op["name"], [x.shape[d] for d in dims], [strides[d] for d in dims], count)
    index = x.device.index
    _driver.activate(index)

    def start(name, grid, arguments):
        kernel = function_of_text(index, f"{op['name']}_{x.dtype.name}",
                                  lambda: module_text(op, x.dtype, out.dtype), name)
        launch.launch(kernel, grid, (THREADS, 1, 1), arguments, 0, streams.raw(index))

    pointers = struct.pack("2P", out.data_ptr(), x.data_ptr())
    if count <= 64 or results >= 16384:
        start("ct_threads", (launch.blocks_for(results, THREADS), 1), places + folded + pointers)
        return
    parts = min(MOST_PARTS, count // PART, max(1, 1024 // results)) if results < 256 else 1
    grid = min(results, launch.MOST_BLOCKS)
    if parts <= 1:
        start("ct_blocks", (grid, 1), places + folded + pointers + struct.pack("P", 0))
        return
    states = ctorch.empty(results * parts, dtype=getattr(ctorch, state_of(op, x.dtype)), device=x.device)
    start("ct_blocks", (grid, parts), places + folded + pointers + struct.pack("P", states.data_ptr()))
    start("ct_parts", (grid, 1), places + struct.pack("2P2q", out.data_ptr(), states.data_ptr(), parts, count))


def _folded(op, shape, strides, count):
    if count == 0:
        return struct.pack("18q", 0, 1, *[1] * 8, *[0] * 8)
    return _layout.packed(op, shape, [strides])
