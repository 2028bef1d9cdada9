// CUDA's keywords, and the table of kernels that ends a module.
#pragma once

#define __global__
#define __device__
#define __host__
#define __constant__
#define __managed__
// The driver fills these with 0xFF before each block, of which one runs at a time. "used" keeps g++ from taking a
// variable that is never written for zero.
#define __shared__ static __attribute__((used))
#define __restrict__ __restrict
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __grid_constant__

static constexpr int warpSize = 32;

#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) \
    ((condition) ? (void)0 : softcuda::fail("assertion failed: %s (line %d)", #condition, __LINE__))
#endif

namespace softcuda {

// A kernel's parameters lie one after another, each at its natural alignment, as CUDA packs them.
template <class... T>
struct Layout {
    static constexpr unsigned count = sizeof...(T);
    struct Table {
        Parameter entry[count + 1];
    };
    static constexpr Table table() {
        Table t{};
        unsigned i = 0, end = 0;
        ((end = (end + alignof(T) - 1) / alignof(T) * alignof(T), t.entry[i++] = {end, (unsigned)sizeof(T)},
          end += sizeof(T)), ...);
        return t;
    }
    static constexpr Table parameters = table();
};

template <auto function>
struct Entry;
template <class... T, void (*function)(T...)>
struct Entry<function> {
    typedef Layout<std::remove_cv_t<T>...> layout;
    template <size_t... i>
    static void unpack(const char* packed, std::index_sequence<i...>) {
        function(*(const std::remove_cv_t<T>*)(packed + layout::parameters.entry[i].offset)...);
    }
    static void call(const void* packed) { unpack((const char*)packed, std::index_sequence_for<T...>()); }
};

template <auto function>
static inline Kernel entry(const char* name, unsigned max_threads = 1024, unsigned = 0, unsigned = 0) {
    typedef Entry<function> E;
    return {name, (void*)function, E::call, E::layout::parameters.entry, E::layout::count, max_threads};
}

}  // namespace softcuda

// Written by the compiler front at the end of the source, one entry for each kernel.
#define SOFTCUDA_MODULE(...) extern "C" const softcuda::Kernel softcuda_kernels[] = {__VA_ARGS__ {}};
#define SOFTCUDA_KERNEL(NAME, ...) softcuda::entry<NAME>(#NAME __VA_OPT__(,) __VA_ARGS__),
