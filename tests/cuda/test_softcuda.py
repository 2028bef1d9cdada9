"""The software device itself, through PyCUDA alone: correct kernels are right, and planted faults are found."""
import os
import threading

import numpy as np
import pytest
from scipy import special
from softcuda import build, front

N = 1000
pytestmark = pytest.mark.usefixtures("device", "context")


@pytest.fixture(scope="module")
def driver(software):
    return pytest.importorskip("pycuda.driver")


@pytest.fixture(scope="module")
def context(driver, software):
    primary = software.retain_primary_context()
    primary.push()
    yield primary
    primary.pop()


@pytest.fixture
def module(monkeypatch):
    """Compiles a source; race=True for the race detector, whatever the mode of this run."""
    from pycuda.compiler import SourceModule

    def compiled(source, race=None, **options):
        if race is None:
            return SourceModule(source, no_extern_c=True, **options)
        with monkeypatch.context() as patch:
            patch.setenv("SOFTCUDA_RACE", str(int(race)))
            return SourceModule(source, no_extern_c=True, cache_dir=False, **options)

    return compiled


@pytest.fixture
def kernel(module):
    """The kernel `k` of a source, given without its head and braces."""

    def compiled(parameters, body, before="", race=None):
        source = f'{before}\nextern "C" __global__ void k({parameters}) {{ {body} }}'
        return module(source, race).get_function("k")

    return compiled


INDEX = "int i = blockIdx.x * blockDim.x + threadIdx.x;"


def fails(driver, *words):
    """The next launch fails with all these words in its message."""
    return pytest.raises(driver.Error, match="".join(f"(?=.*{word})" for word in words))


# ---- correct kernels -------------------------------------------------------------------------------------------------

@pytest.mark.race
@pytest.mark.parametrize("dtype, name", [
    ("float32", "float"), ("float64", "double"), ("int32", "int"), ("int64", "long long"), ("uint8", "unsigned char"),
])
def test_elementwise_with_a_grid_stride_loop(driver, module, dtype, name):
    source = """
        template <class T, class Op>
        __device__ void binary(const T* __restrict__ x, const T* __restrict__ y, T* out, long long n, Op op) {
            long long step = (long long)gridDim.x * blockDim.x;
            for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < n; i += step)
                out[i] = op(x[i], y[i]);
        }
        template <class T> struct Add { __device__ __forceinline__ T operator()(T x, T y) const { return x + y; } };
        #define DEFINE(NAME, T) extern "C" __global__ void __launch_bounds__(256) NAME( \\
            const T* x, const T* y, T* out, long long n) { binary<T>(x, y, out, n, Add<T>()); }
        DEFINE(add, """ + name + ")"
    x, y = (np.arange(k, k + N).astype(dtype) for k in (1, 5))
    out = np.empty_like(x)
    add = module(source).get_function("add")
    add(driver.In(x), driver.In(y), driver.Out(out), np.int64(N), block=(64, 1, 1), grid=(3, 1))
    np.testing.assert_array_equal(out, x + y)


SHARED_SUM = """
    {declare}
    int t = threadIdx.x;
    part[t] = x[blockIdx.x * blockDim.x + t];
    for (int half = blockDim.x / 2; half > 0; half /= 2) {{
        {barrier}
        if (t < half) part[t] += part[t + half];
    }}
    if (t == 0) out[blockIdx.x] = part[0];
"""


@pytest.mark.race
@pytest.mark.parametrize("declare", [
    "__shared__ float part[256];", "extern __shared__ float part[];", "extern __shared__ __align__(16) float part[];",
])
@pytest.mark.parametrize("order", ["forward", "reverse", "shuffle:3"])
def test_reduction_in_shared_memory(driver, kernel, monkeypatch, declare, order):
    monkeypatch.setenv("SOFTCUDA_ORDER", order)
    x = np.arange(512, dtype=np.float32)
    out = np.empty(2, np.float32)
    k = kernel("const float* x, float* out", SHARED_SUM.format(declare=declare, barrier="__syncthreads();"))
    k(driver.In(x), driver.Out(out), block=(256, 1, 1), grid=(2, 1), shared=1024 if "extern" in declare else 0)
    np.testing.assert_array_equal(out, x.reshape(2, 256).sum(1))


WARP_SUM = """
    template <class T> __device__ T warp_sum(T x) {
        for (int offset = 16; offset > 0; offset /= 2) x += __shfl_down_sync(0xffffffffu, x, offset);
        return x;
    }
"""


@pytest.mark.race
@pytest.mark.parametrize("dtype, name", [("float32", "float"), ("float64", "double"), ("int64", "long long")])
def test_reduction_by_warp_shuffles(driver, kernel, dtype, name):
    k = kernel(f"const {name}* x, {name}* out", f"""
        __shared__ {name} part[32];
        int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
        {name} sum = warp_sum(x[threadIdx.x]);
        if (lane == 0) part[warp] = sum;
        __syncthreads();
        if (warp == 0) {{
            sum = warp_sum(lane < blockDim.x / 32 ? part[lane] : ({name})0);
            if (lane == 0) *out = sum;
        }}""", before=WARP_SUM)
    x = np.arange(256).astype(dtype)
    out = np.empty(1, dtype)
    k(driver.In(x), driver.Out(out), block=(256, 1, 1))
    assert out[0] == x.sum()


@pytest.mark.race
def test_shuffles_votes_and_matches(driver, kernel):
    k = kernel("int* out", """
        int t = threadIdx.x;
        out[t] = __shfl_xor_sync(~0u, t, 5);
        out[32 + t] = __shfl_up_sync(~0u, t, 3, 16);
        out[64 + t] = __shfl_sync(~0u, t, 9, 8);
        out[96 + t] = (int)__ballot_sync(~0u, t % 3 == 0);
        out[128 + t] = __any_sync(~0u, t == 40) + 2 * __all_sync(~0u, t < 32);
        out[160 + t] = (int)__match_any_sync(~0u, t / 16);
        out[192 + t] = __reduce_max_sync(~0u, (t * 7) % 32);
        if (t % 2) out[224 + t] = __shfl_sync(0xaaaaaaaau, t, 31); else out[224 + t] = __shfl_sync(0x55555555u, t, 30);
    """)
    out = np.empty((8, 32), np.int32)
    k(driver.Out(out), block=(32, 1, 1))
    t = np.arange(32)
    thirds = sum(1 << i for i in range(0, 32, 3))
    expected = [t ^ 5, np.where(t % 16 < 3, t, t - 3), t // 8 * 8 + 1, np.full(32, thirds), np.full(32, 2),
                np.where(t < 16, 0xFFFF, 0xFFFF0000), np.full(32, 31), 30 + t % 2]
    np.testing.assert_array_equal(out, np.stack(expected).astype(np.uint32).view(np.int32))


@pytest.mark.race
def test_barriers_that_vote(driver, kernel):
    k = kernel("int* out", """
        int t = threadIdx.x, count = __syncthreads_count(t % 5 == 0);
        int all = __syncthreads_and(t < 100), none = __syncthreads_and(t < 99), any = __syncthreads_or(t == 99);
        out[t] = count + 1000 * all + 10000 * none + 100000 * any;
    """)
    out = np.empty(100, np.int32)
    k(driver.Out(out), block=(100, 1, 1))
    assert (out == 101020).all()


@pytest.mark.race
def test_atomics(driver, kernel):
    k = kernel("int* integers, float* sum, double* product", """
        atomicAdd(&integers[0], 1);
        atomicMax(&integers[1], (int)threadIdx.x);
        atomicMin(&integers[2], -(int)blockIdx.x);
        atomicOr(&integers[3], 1 << blockIdx.x);
        atomicAdd(sum, 0.5f);
        unsigned long long* bits = (unsigned long long*)product;
        for (unsigned long long old = atomicCAS(bits, 0, 0), seen;; old = seen) {
            seen = atomicCAS(bits, old, __double_as_longlong(__longlong_as_double(old) * 1.5));
            if (seen == old) break;
        }
    """)
    integers, total, product = np.zeros(4, np.int32), np.zeros(1, np.float32), np.ones(1)
    k(driver.InOut(integers), driver.InOut(total), driver.InOut(product), block=(10, 1, 1), grid=(4, 1))
    assert integers.tolist() == [40, 9, -3, 15]
    assert total[0] == 20
    assert product[0] == pytest.approx(1.5**40)


def test_float16_has_every_value_and_rounds_once(driver, kernel):
    include = "#include <cuda_fp16.h>"
    widen = kernel("const __half* x, float* out", f"{INDEX} out[i] = __half2float(x[i]);", include)
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    out = np.empty(1 << 16, np.float32)
    widen(driver.In(x), driver.Out(out), block=(1024, 1, 1), grid=(64, 1))
    np.testing.assert_array_equal(out, x.astype(np.float32))

    narrow = kernel("const double* x, __half* d, __half* f, int n",
                    f"{INDEX} if (i < n) {{ d[i] = x[i]; f[i] = __float2half((float)x[i]); }}", include)
    near = np.nextafter(2049.0, [0, 1e9])  # beside the middle of two halves
    x = np.concatenate([np.random.default_rng(0).normal(size=N) * 10.0 ** np.arange(-9, 7).repeat(N // 16 + 1)[:N],
                        near, [0.0, -0.0, 65504, 65519.9, 65520, -1e300, np.inf, np.nan, 2.0**-25, 3e-8]])
    double, single = np.empty((2, x.size), np.float16)
    narrow(driver.In(x), driver.Out(double), driver.Out(single), np.int32(x.size), block=(1024, 1, 1))
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_array_equal(double, x.astype(np.float16))
        np.testing.assert_array_equal(single, x.astype(np.float32).astype(np.float16))


def test_bfloat16(driver, kernel):
    k = kernel("const float* x, __nv_bfloat16* out, float* product", f"""{INDEX}
        __nv_bfloat16 y = __float2bfloat16(x[i]);
        out[i] = y;
        product[i] = __bfloat162float(y * y);""", "#include <cuda_bf16.h>")
    x = np.random.default_rng(0).normal(size=512).astype(np.float32)
    out, product = np.empty(512, np.uint16), np.empty(512, np.float32)
    k(driver.In(x), driver.Out(out), driver.Out(product), block=(512, 1, 1))

    def rounded(values):
        bits = values.view(np.uint32).astype(np.uint64)
        return (bits + 0x7FFF + (bits >> 16 & 1) >> 16).astype(np.uint16)

    y = (rounded(x).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(out, rounded(x))
    np.testing.assert_array_equal(product, (rounded(y * y).astype(np.uint32) << 16).view(np.float32))


def test_alignment_of_shared_memory(driver, kernel):
    k = kernel("int* out", """
        __shared__ char a[3];
        __shared__ __align__(64) char b[3];
        __shared__ alignas(32) char c[3];
        extern __shared__ __align__(16) char d[];
        out[0] = (long)b % 64, out[1] = (long)c % 32, out[2] = (long)d % 16, out[3] = a[0] + b[0] + c[0];""")
    out = np.empty(4, np.int32)
    k(driver.Out(out), block=(1, 1, 1), shared=7)
    assert out.tolist() == [0, 0, 0, -3]


@pytest.mark.race
def test_grids_and_blocks_of_two_dimensions(driver, kernel):
    k = kernel("const double* x, double* out, int rows, int columns", """
        __shared__ double tile[8][8 + 1];
        int r = blockIdx.y * 8 + threadIdx.y, c = blockIdx.x * 8 + threadIdx.x;
        if (r < rows && c < columns) tile[threadIdx.y][threadIdx.x] = x[r * columns + c];
        __syncthreads();
        r = blockIdx.y * 8 + threadIdx.x, c = blockIdx.x * 8 + threadIdx.y;
        if (r < rows && c < columns) out[c * rows + r] = tile[threadIdx.x][threadIdx.y];
    """)
    x = np.random.default_rng(0).normal(size=(21, 30))
    out = np.empty((30, 21))
    k(driver.In(x), driver.Out(out), np.int32(21), np.int32(30), block=(8, 8, 1), grid=(4, 3))
    np.testing.assert_array_equal(out, x.T)


def test_parameters_of_many_sizes(driver, module):
    k = module("""
        struct Layout { int dims; long long stride[3]; char last; };
        extern "C" __global__ void k(char a, double b, short c, Layout layout, bool d, double* out) {
            double all[] = {(double)a, b, (double)c, (double)layout.dims, (double)layout.stride[2],
                            (double)layout.last, (double)d};
            for (int i = 0; i < 7; i++) out[i] = all[i];
        }""").get_function("k")
    layout = np.zeros((), np.dtype([("dims", "i4"), ("stride", "i8", 3), ("last", "i1")], align=True))
    layout["dims"], layout["stride"], layout["last"] = 3, (1, 2, 1 << 40), 9
    out = driver.mem_alloc(56)
    packed = np.zeros((), np.dtype([("a", "i1"), ("b", "f8"), ("c", "i2"), ("layout", layout.dtype), ("d", "?"),
                                    ("out", "u8")], align=True))
    packed[()] = (-5, 2.5, 300, layout, True, int(out))
    k._launch_kernel((1, 1, 1), (1, 1, 1), packed.tobytes(), 0, None)
    assert driver.from_device(out, 7, np.float64).tolist() == [-5, 2.5, 300, 3, 1 << 40, 9, 1]


def test_mathematical_functions(driver, kernel):
    functions = {
        "rsqrtf": lambda x: 1 / np.sqrt(x), "erff": special.erf, "erfcxf": special.erfcx, "erfinvf": special.erfinv,
        "normcdff": special.ndtr, "normcdfinvf": special.ndtri, "cyl_bessel_i0f": special.i0,
        "cyl_bessel_i1f": special.i1, "lgammaf": special.gammaln, "exp10f": special.exp10, "__expf": np.exp,
        "sinpif": lambda x: np.sin(np.pi * x), "expm1f": np.expm1, "rcbrtf": lambda x: 1 / np.cbrt(x),
    }
    lines = "\n".join(f"out[{i} * {N} + i] = {name}(x[i]);" for i, name in enumerate(functions))
    k = kernel("const float* x, float* out", f"{INDEX} if (i < {N}) {{ {lines} }}")
    x = np.linspace(1e-3, 0.999, N, dtype=np.float32)
    out = np.empty((len(functions), N), np.float32)
    k(driver.In(x), driver.Out(out), block=(500, 1, 1), grid=(2, 1))
    for row, (name, function) in zip(out, functions.items()):
        np.testing.assert_allclose(row, function(x.astype(float)), rtol=3e-6, atol=1e-7, err_msg=name)


def test_conversions_saturate_as_on_a_device(driver, kernel):
    k = kernel("const float* x, int* out", f"{INDEX} out[i] = __float2int_rn(x[i]); out[i + 6] = __float2int_rz(x[i]);")
    x = np.array([2.5, -3.5, 1e10, -1e10, np.nan, -0.9], np.float32)
    out = np.empty(12, np.int32)
    k(driver.In(x), driver.Out(out), block=(6, 1, 1))
    top = 2**31 - 1
    assert out.tolist() == [2, -4, top, -top - 1, 0, -1, 2, -3, top, -top - 1, 0, 0]


def test_streams_events_and_asynchronous_copies(driver, kernel):
    k = kernel("float* x", f"{INDEX} x[i] *= 2;")
    stream, start, end = driver.Stream(), driver.Event(), driver.Event()
    host = driver.pagelocked_empty(256, np.float32)
    host[:] = np.arange(256)
    memory = driver.mem_alloc(host.nbytes)
    start.record(stream)
    driver.memcpy_htod_async(memory, host, stream)
    k(memory, block=(256, 1, 1), stream=stream)
    driver.memcpy_dtoh_async(host, memory, stream)
    end.record(stream)
    driver.Stream().wait_for_event(end)
    end.synchronize()
    assert end.query() and stream.is_done() and end.time_since(start) >= 0
    np.testing.assert_array_equal(host, 2 * np.arange(256))
    with fails(driver, "both events must be recorded"):
        end.time_since(driver.Event())


def test_copies_of_rows_and_fills(driver):
    x = np.arange(60, dtype=np.float32).reshape(6, 10)
    memory, pitch = driver.mem_alloc_pitch(16, 6, 4)
    copy = driver.Memcpy2D()
    copy.set_src_host(x)
    copy.set_dst_device(memory)
    copy.src_x_in_bytes, copy.src_pitch, copy.dst_pitch, copy.width_in_bytes, copy.height = 8, 40, pitch, 16, 6
    copy(aligned=True)
    out = np.empty((6, pitch // 4), np.float32)
    driver.memcpy_dtoh(out, memory)
    np.testing.assert_array_equal(out[:, :4], x[:, 2:6])
    driver.memset_d32(int(memory) + 4, 7, 2)
    assert driver.from_device(memory, 4, np.uint32).tolist()[1:3] == [7, 7]
    with fails(driver, "not inside one live allocation"):
        driver.memcpy_dtoh(np.empty(6 * pitch + 1, np.uint8), memory)


def test_globals_of_a_module(driver, module):
    loaded = module("""
        __device__ int counter;
        __constant__ float weights[4];
        __device__ double table[3] = {1, 2, 3};
        extern "C" __global__ void k(float* out) {
            if (threadIdx.x == 0) counter += 5;
            out[threadIdx.x] = weights[threadIdx.x] * table[2];
        }""")
    counter, size = loaded.get_global("counter")
    assert size == 4 and loaded.get_global("weights")[1] == 16
    driver.memcpy_htod(counter, np.array([37], np.int32))
    driver.memcpy_htod(loaded.get_global("weights")[0], np.array([1, 2, 3, 4], np.float32))
    out = np.empty(4, np.float32)
    loaded.get_function("k")(driver.Out(out), block=(4, 1, 1))
    assert out.tolist() == [3, 6, 9, 12]
    assert driver.from_device(counter, 1, np.int32)[0] == 42
    with fails(driver, "no global missing"):
        loaded.get_global("missing")


def test_several_devices_have_their_own_memory(driver, kernel, monkeypatch, context):
    monkeypatch.setenv("SOFTCUDA_DEVICES", "3")
    assert driver.Device.count() == 3
    k = kernel("float* x", f"{INDEX} x[i] = i;")
    ours = driver.mem_alloc(1024)
    other = driver.Device(2).make_context()
    try:
        assert driver.Context.get_device() == driver.Device(2)
        theirs = driver.mem_alloc(1024)
        k(theirs, block=(256, 1, 1))
    finally:
        other.pop()
    driver.memcpy_peer(ours, theirs, 1024, context, other)
    assert driver.from_device(ours, 256, np.float32)[255] == 255
    with fails(driver, "illegal address", "byte 0 of an allocation of 1024 bytes of device 2"):
        k(theirs, block=(256, 1, 1))
    context.enable_peer_access(other)
    k(theirs, block=(256, 1, 1))
    theirs.free()
    other.detach()
    with pytest.raises(driver.Error, match="no device 3"):
        driver.Device(3)


def test_device_memory_is_limited(driver, monkeypatch):
    monkeypatch.setenv("SOFTCUDA_MEMORY", "1")
    free, total = driver.mem_get_info()
    assert free <= total == 1 << 20
    with pytest.raises(driver.MemoryError, match="out of memory: 2097152 bytes asked"):
        driver.mem_alloc(2 << 20)


def test_threads_of_python_launch_at_once(driver, kernel, context):
    k = kernel("int* x", f"{INDEX} __syncthreads(); atomicAdd(x, i % 2);")
    memory = driver.mem_alloc(4)
    driver.memset_d32(memory, 0, 1)

    def launches():
        context.push()
        try:
            for _ in range(20):
                k(memory, block=(64, 1, 1), grid=(2, 1))
        finally:
            context.pop()

    threads = [threading.Thread(target=launches) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert driver.from_device(memory, 1, np.int32)[0] == 4 * 20 * 64


def test_order_of_threads_can_be_chosen(driver, kernel, monkeypatch):
    k = kernel("int* next, int* out", f"{INDEX} out[atomicAdd(next, 1)] = i;")
    seen = {}
    for order in ("forward", "reverse", "shuffle:1", "shuffle:2"):
        monkeypatch.setenv("SOFTCUDA_ORDER", order)
        out = np.empty(64, np.int32)
        k(driver.InOut(np.zeros(1, np.int32)), driver.Out(out), block=(32, 1, 1), grid=(2, 1))
        assert sorted(out) == list(range(64))
        seen[order] = out.tolist()
    assert seen["forward"] == list(range(64)) and seen["reverse"] == list(range(63, -1, -1))
    assert len({tuple(out) for out in seen.values()}) == 4
    monkeypatch.setenv("SOFTCUDA_ORDER", "sideways")
    with fails(driver, "SOFTCUDA_ORDER is sideways"):
        k(driver.InOut(np.zeros(1, np.int32)), driver.Out(np.empty(64, np.int32)), block=(32, 1, 1))


# ---- launches that a device refuses ----------------------------------------------------------------------------------

def test_wrong_sizes_of_parameters_are_refused(driver, kernel):
    k = kernel("float* x, int n", "x[n] = 1;")
    with fails(driver, "k takes 12 bytes of parameters, 16 were passed"):
        k(driver.mem_alloc(4), np.int64(0), block=(1, 1, 1))


@pytest.mark.parametrize("block, grid, shared, words", [
    ((1025, 1, 1), (1, 1), 0, r"block \(1025, 1, 1\)"),
    ((1, 1, 65), (1, 1), 0, r"block \(1, 1, 65\)"),
    ((1, 1, 1), (1, 65536), 0, r"grid \(1, 65536, 1\)"),
    ((129, 1, 1), (1, 1), 0, "129 threads, but its __launch_bounds__ are 128"),
    ((1, 1, 1), (1, 1), 48 * 1024 + 1, "the limit is 49152"),
])
def test_launches_beyond_the_limits_are_refused(driver, module, block, grid, shared, words):
    k = module('extern "C" __global__ __launch_bounds__(64 * 2, 1) void k() {}').get_function("k")
    with fails(driver, words):
        k(block=block, grid=grid, shared=shared)


def test_the_limit_of_shared_memory_can_be_raised(driver, kernel):
    k = kernel("int* out", "extern __shared__ int s[]; s[24999] = 7; *out = s[24999];")
    k.set_attribute(driver.function_attribute.MAX_DYNAMIC_SHARED_SIZE_BYTES, 100_000)
    out = np.empty(1, np.int32)
    k(driver.Out(out), block=(1, 1, 1), shared=100_000)
    assert out[0] == 7


def test_too_much_static_shared_memory_is_refused(driver, kernel):
    with fails(driver, "shared variable .* has 50000 bytes"):
        kernel("int* out", "__shared__ char s[50000]; s[threadIdx.x] = 1; *out = s[0];")


def test_kernels_without_extern_c_have_mangled_names(driver, module):
    loaded = module("__global__ void k(int* x) { *x = 1; }")
    with fails(driver, "no kernel k"):
        loaded.get_function("k")
    assert loaded.get_function("_Z1kPi")


def test_functions_that_the_driver_lacks_say_so(driver):
    with fails(driver, "the software driver has no cuArrayCreate"):
        description = driver.ArrayDescriptor()
        description.width, description.height, description.num_channels = 4, 4, 1
        description.format = driver.array_format.FLOAT
        driver.Array(description)


@pytest.mark.parametrize("source, words", [
    ('extern "C" __global__ void k() {\n  missing();\n}', "kernel.cu:2:.*missing"),
    ('extern "C" __global__ void k() { asm volatile("nop;"); }', "does not support 'asm'"),
    ("#include <vector>", "vector: No such file"),
])
def test_sources_that_do_not_compile(driver, module, source, words):
    with pytest.raises(driver.CompileError, match=words):
        module(source)


# ---- planted faults --------------------------------------------------------------------------------------------------

def test_planted_overrun_names_block_and_thread(driver, kernel):
    k = kernel("float* x", f"{INDEX} x[i] = 1;")
    with fails(driver, r"k: block \(2,0,0\) thread \(0,0,0\): illegal address",
               "0 bytes past the end of an allocation of 1024 bytes"):
        k(driver.mem_alloc(1024), block=(128, 1, 1), grid=(3, 1))


def test_planted_overrun_by_one_element(driver, kernel):
    parameters, body = "float* x", f"{INDEX} x[i] = 1;"
    with fails(driver, "wrote just past the end of an allocation of 400 bytes"):
        kernel(parameters, body, race=False)(driver.mem_alloc(400), block=(101, 1, 1))
    with fails(driver, r"thread \(100,0,0\)", "a write of 4 bytes, 0 bytes past the end"):
        kernel(parameters, body, race=True)(driver.mem_alloc(400), block=(101, 1, 1))


def test_planted_read_before_an_allocation(driver, kernel):
    with fails(driver, r"thread \(0,0,0\)", "a read of 4 bytes, 4 bytes before an allocation"):
        kernel("const float* x, float* out", "*out = x[-1];", race=True)(
            driver.mem_alloc(400), driver.mem_alloc(4), block=(1, 1, 1))


def test_planted_use_after_free(driver, kernel):
    k = kernel("float* x", "*x = 1;")
    memory = driver.mem_alloc(256)
    address = np.uint64(int(memory))
    memory.free()
    driver.mem_alloc(256)
    with fails(driver, "byte 0 of a freed allocation of 256 bytes"):
        k(address, block=(1, 1, 1))


def test_planted_null_pointer(driver, kernel):
    with fails(driver, "illegal address .nil.: .*a null pointer"):
        kernel("float* x", "x[threadIdx.x] = 1;")(np.uint64(0), block=(2, 1, 1))


def test_planted_misaligned_access(driver, kernel):
    k = kernel("const float* x, float4* out", "out[0] = ((const float4*)(x + 1))[threadIdx.x];")
    with fails(driver, r"thread \(0,0,0\)", "misaligned address", "float4' needs a multiple of 16 at line"):
        k(driver.mem_alloc(256), driver.mem_alloc(16), block=(1, 1, 1))


def test_planted_index_beyond_a_shared_array(driver, kernel):
    k = kernel("float* out", "__shared__ float s[2][8]; s[1][threadIdx.x] = 1; __syncthreads(); *out = s[1][0];")
    with fails(driver, r"thread \(8,0,0\)", "out of bounds: index 8 of 'float \\[8\\]'"):
        k(driver.mem_alloc(4), block=(9, 1, 1))


def test_planted_overrun_of_dynamic_shared_memory(driver, kernel):
    k = kernel("float* out", "extern __shared__ float s[]; s[threadIdx.x] = 1; __syncthreads(); *out = s[0];")
    with fails(driver, r"thread \(8,0,0\)", "past the end of dynamic shared memory"):
        k(driver.mem_alloc(4), block=(9, 1, 1), shared=32)


def test_planted_divergent_barrier(driver, kernel):
    k = kernel("float* x", """
        if (threadIdx.x < 32)
            __syncthreads();
        else
            __syncthreads();
        x[threadIdx.x] = 1;""")
    with fails(driver, r"thread \(32,0,0\): divergent __syncthreads"):
        k(driver.mem_alloc(256), block=(64, 1, 1))


def test_planted_deadlock(driver, kernel):
    k = kernel("int* x", "if (threadIdx.x == 0) __syncwarp(); else __syncthreads(); x[0] = 1;")
    with fails(driver, "deadlock: 32 threads are left, 31 of them wait at __syncthreads"):
        k(driver.mem_alloc(4), block=(32, 1, 1))


def test_planted_warp_masks(driver, kernel):
    with fails(driver, "the calling lane 4 is not in mask 0000000f"):
        kernel("int* x", "x[threadIdx.x] = __shfl_down_sync(0xf, 1, 1);")(driver.mem_alloc(128), block=(32, 1, 1))
    with fails(driver, "meet in a shuffle and in __syncwarp"):
        kernel("int* x", "if (threadIdx.x < 9) x[0] = __shfl_sync(~0u, 1, 0); else __syncwarp();")(
            driver.mem_alloc(128), block=(32, 1, 1))


def test_planted_division_by_zero_and_assertion(driver, kernel):
    k = kernel("int* x, int d", "assert(d != 1); x[0] = 5 / d;")
    with fails(driver, "integer division by zero"):
        k(driver.mem_alloc(4), np.int32(0), block=(1, 1, 1))
    with fails(driver, "assertion failed: d != 1"):
        k(driver.mem_alloc(4), np.int32(1), block=(1, 1, 1))


def test_planted_endless_recursion(driver, kernel):
    k = kernel("int* x", "*x = deep(x, *x);",
               "__device__ __noinline__ int deep(int* x, int n) { volatile int a[64]; a[n & 63] = n;"
               " return n == 12345 ? 0 : deep(x, n + 1) + a[*x & 63]; }")
    with fails(driver, "stack is full"):
        k(driver.mem_alloc(4), block=(1, 1, 1))


def test_planted_uninitialised_reads(driver, kernel):
    k = kernel("const float* x, const int* n, float* out", """
        __shared__ float fixed[4];
        extern __shared__ float dynamic[];
        out[0] = x[0], out[1] = (float)n[0], out[2] = fixed[3], out[3] = dynamic[1];""")
    out = np.empty(4, np.float32)
    for _ in range(2):  # shared memory is fresh in each block
        k(driver.mem_alloc(4), driver.mem_alloc(4), driver.Out(out), block=(1, 1, 1), shared=8)
        assert np.isnan(out[[0, 2, 3]]).all() and out[1] == -1


def test_a_launch_after_a_fault_is_sound(driver, kernel):
    k = kernel("int* x, int n", "__shared__ int s[64]; s[threadIdx.x] = n / x[threadIdx.x]; __syncthreads();"
               "x[threadIdx.x] = s[63 - threadIdx.x];")
    for _ in range(3):
        with fails(driver, "division by zero"):
            k(driver.InOut(np.r_[np.ones(40), np.zeros(24)].astype(np.int32)), np.int32(6), block=(64, 1, 1))
        x = np.r_[np.ones(32), np.full(32, 2)].astype(np.int32)
        k(driver.InOut(x), np.int32(6), block=(64, 1, 1))
        assert x.tolist() == [3] * 32 + [6] * 32


# ---- planted races ---------------------------------------------------------------------------------------------------

def test_planted_missing_barrier(driver, kernel):
    for barrier in ("__syncthreads();", ""):
        k = kernel("const float* x, float* out",
                   SHARED_SUM.format(declare="__shared__ float part[64];", barrier=barrier), race=True)
        x, out = np.ones(64, np.float32), np.empty(1, np.float32)
        if barrier:
            k(driver.In(x), driver.Out(out), block=(64, 1, 1))
            assert out[0] == 64
        else:
            with fails(driver, "race on shared memory", "not ordered by a barrier"):
                k(driver.In(x), driver.Out(out), block=(64, 1, 1))


def test_planted_scatter_without_atomics(driver, kernel):
    index = np.array([0, 1, 2, 1], np.int32)
    for statement in ("atomicAdd(&x[index[i]], 1.0f);", "x[index[i]] += 1;"):
        k = kernel("const int* index, float* x", INDEX + statement, race=True)
        x = np.zeros(3, np.float32)
        if "atomic" in statement:
            k(driver.In(index), driver.InOut(x), block=(4, 1, 1))
            assert x.tolist() == [1, 2, 1]
        else:
            with fails(driver, "race on global memory", r"the other by thread \(1,0,0\) of block 0",
                       "byte 4 of an allocation of 12 bytes"):
                k(driver.In(index), driver.InOut(x), block=(4, 1, 1))


@pytest.mark.parametrize("body, kinds", [
    ("if (threadIdx.x == 0) x[0] = blockIdx.x;", "write after a write"),
    ("if (blockIdx.x == 0) x[threadIdx.x] = 1; else x[2 + threadIdx.x] = x[threadIdx.x];", "read after a write"),
    ("if (blockIdx.x == 0) x[2] = x[0]; else x[0] = 1;", "write after a read"),
    ("if (blockIdx.x == 0) x[0] = 1; else atomicAdd(x, 1);", "write after a write"),
])
def test_planted_races_of_two_blocks(driver, kernel, body, kinds):
    with fails(driver, "race on global memory", kinds, "of block 0"):
        kernel("int* x", body, race=True)(driver.mem_alloc(64), block=(1, 1, 1), grid=(2, 1))


@pytest.mark.parametrize("body", [
    "unsigned char* b = (unsigned char*)x; b[threadIdx.x % 3] = 1;",         # bytes of one word
    "x[64 + threadIdx.x] = x[0]; if (threadIdx.x == 7) x[0] = 1;",           # one writer among readers
    "x[threadIdx.x] = 1; x[64 + threadIdx.x] = x[threadIdx.x ^ 1];",         # lanes of one warp, not ordered
    "x[threadIdx.x] = 1; __syncwarp(); x[64 + threadIdx.x] = x[63 - threadIdx.x];",  # another warp
])
def test_planted_races_of_threads(driver, kernel, body):
    with fails(driver, "race on global memory"):
        kernel("int* x", body, race=True)(driver.mem_alloc(512), block=(64, 1, 1))


@pytest.mark.parametrize("body", [
    "((unsigned char*)x)[threadIdx.x] = 1;",
    "x[threadIdx.x] = 1; __syncwarp(); x[64 + threadIdx.x] = x[threadIdx.x ^ 1];",
    "x[threadIdx.x] = 1; __syncthreads(); x[64 + threadIdx.x] = x[63 - threadIdx.x];",
    "x[64 + threadIdx.x] = x[0]; __syncthreads(); if (threadIdx.x == 7) x[0] = 1;",
    "atomicAdd(&x[0], 1); __syncthreads(); x[64 + threadIdx.x] = x[0];",
])
def test_ordered_accesses_are_no_race(driver, kernel, body):
    kernel("int* x", body, race=True)(driver.mem_alloc(512), block=(64, 1, 1))


# ---- the compiler and the build --------------------------------------------------------------------------------------

def test_kernels_are_found_behind_macros_and_qualifiers():
    source = """
        extern "C" __global__ void __launch_bounds__(256) first(int a) {}
        extern "C" __global__ __launch_bounds__((2 + 2) * 32, 1) void second(float* x) {}
        static __global__ void third() {}
        template <class T, int n = (3)> __global__ void generic(T* x) {}
    """
    end = front.prepare(source).splitlines()[-1]
    assert end == ("SOFTCUDA_MODULE(SOFTCUDA_KERNEL(first, 256) SOFTCUDA_KERNEL(second, (2 + 2) * 32, 1) "
                   "SOFTCUDA_KERNEL(third))")


def test_options_of_nvcc_are_read():
    arguments = ["--cubin", "-arch", "sm_90", "-DA=1", "-I", "here", "-O3", "--std=c++17", "-Xptxas", "-v", "k.cu"]
    assert front.read_arguments(arguments) == ("k.cu", "k.cubin", ["-DA=1", "-Ihere"])
    with pytest.raises(front.Refused, match="no option --frobnicate"):
        front.read_arguments(["--frobnicate", "k.cu"])


def test_a_cache_folder_is_made_once(tmp_path):
    made = []

    def make():
        with build.made_once(tmp_path / "folder") as folder:
            if folder:
                (folder / "file").write_text("whole")
                made.append(folder)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and (tmp_path / "folder" / "file").read_text() == "whole"


def test_a_build_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(OSError, match="cut short"), build.made_once(tmp_path / "folder"):
        raise OSError("cut short")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.lock"]


def test_a_machine_without_a_toolkit_says_so(monkeypatch, tmp_path):
    for name in ("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    is_file = build.Path.is_file
    monkeypatch.setattr(build.Path, "is_file", lambda path: "cuda" not in str(path) and is_file(path))
    with pytest.raises(build.Unavailable, match="no CUDA toolkit"):
        build.toolkit()
    assert build.unavailable().startswith("no CUDA toolkit")
    monkeypatch.setenv("SOFTCUDA_CXX", os.fspath(tmp_path / "g++"))
    with pytest.raises(build.Unavailable, match=r"no .*g\+\+"):
        build.compiler_version()
