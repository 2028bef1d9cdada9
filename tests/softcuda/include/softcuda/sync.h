// Barriers, warp operations and atomics.
#pragma once

// ---- blocks ------------------------------------------------------------------------------------------------------

static inline void __syncthreads(int line = __builtin_LINE()) { softcuda::barrier(line, false); }
static inline int __syncthreads_count(int vote, int line = __builtin_LINE()) {
    return softcuda::barrier(line, vote).yes;
}
static inline int __syncthreads_and(int vote, int line = __builtin_LINE()) {
    softcuda::Votes votes = softcuda::barrier(line, vote);
    return votes.yes == votes.threads;
}
static inline int __syncthreads_or(int vote, int line = __builtin_LINE()) {
    return softcuda::barrier(line, vote).yes > 0;
}

// Blocks run one after another and threads switch only where they wait, so memory is always seen in order.
static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}

static inline void __trap() { softcuda::fail("__trap()"); }
static inline void __nanosleep(unsigned) {}
static inline long long clock64() { return 0; }

// ---- warps -------------------------------------------------------------------------------------------------------

static inline void __syncwarp(unsigned mask = ~0u) { softcuda::meet(mask, "__syncwarp", 0); }
static inline unsigned __activemask() { return softcuda::active_lanes(); }

namespace softcuda {

template <class T>
static inline uint64_t to_bits(T value) {
    static_assert(sizeof(T) <= 8, "a warp operation takes values of up to 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    return bits;
}

template <class T>
static inline T from_bits(uint64_t bits) {
    T value;
    memcpy((void*)&value, &bits, sizeof value);
    return value;
}

// The value of lane `source`. One that is not there has no defined value: 0xFF bytes, as in fresh memory.
template <class T>
static inline T shuffle(unsigned mask, T value, int source) {
    const Exchange& all = meet(mask, "a shuffle", to_bits(value));
    return from_bits<T>(all.lanes >> source & 1 ? all.value[source] : ~0ull);
}

template <class T, class Combine>
static inline T reduce(unsigned mask, T value, Combine combine) {
    const Exchange& all = meet(mask, "a warp reduction", to_bits(value));
    T result{};
    bool first = true;
    for (int i = 0; i < WARP; i++)
        if (all.lanes >> i & 1) {
            T x = from_bits<T>(all.value[i]);
            result = first ? x : combine(result, x);
            first = false;
        }
    return result;
}

}  // namespace softcuda

// A lane whose source would lie outside its segment of `width` lanes keeps its own value.
template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    int lane = softcuda::lane();
    return softcuda::shuffle(mask, value, (lane & ~(width - 1)) | (source & (width - 1)));
}
template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int bits, int width = 32) {
    int lane = softcuda::lane(), source = lane ^ bits;
    return softcuda::shuffle(mask, value, source >= (lane & ~(width - 1)) + width ? lane : source);
}
template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int lane = softcuda::lane();
    return softcuda::shuffle(mask, value, (lane & (width - 1)) + (int)delta >= width ? lane : lane + (int)delta);
}
template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int lane = softcuda::lane();
    return softcuda::shuffle(mask, value, (lane & (width - 1)) < (int)delta ? lane : lane - (int)delta);
}

static inline unsigned __ballot_sync(unsigned mask, int vote) {
    const softcuda::Exchange& all = softcuda::meet(mask, "a vote", vote != 0);
    unsigned result = 0;
    for (int i = 0; i < 32; i++)
        if (all.lanes >> i & 1 && all.value[i]) result |= 1u << i;
    return result;
}
static inline int __any_sync(unsigned mask, int vote) { return __ballot_sync(mask, vote) != 0; }
static inline int __all_sync(unsigned mask, int vote) { return __ballot_sync(mask, !vote) == 0; }
template <class T>
static inline unsigned __match_any_sync(unsigned mask, T value) {
    const softcuda::Exchange& all = softcuda::meet(mask, "a match", softcuda::to_bits(value));
    unsigned result = 0;
    for (int i = 0; i < 32; i++)
        if (all.lanes >> i & 1 && all.value[i] == softcuda::to_bits(value)) result |= 1u << i;
    return result;
}

template <class T>
static inline T __reduce_add_sync(unsigned mask, T value) {
    return softcuda::reduce(mask, value, [](T a, T b) { return (T)(a + b); });
}
template <class T>
static inline T __reduce_min_sync(unsigned mask, T value) {
    return softcuda::reduce(mask, value, [](T a, T b) { return b < a ? b : a; });
}
template <class T>
static inline T __reduce_max_sync(unsigned mask, T value) {
    return softcuda::reduce(mask, value, [](T a, T b) { return a < b ? b : a; });
}
static inline unsigned __reduce_and_sync(unsigned mask, unsigned value) {
    return softcuda::reduce(mask, value, [](unsigned a, unsigned b) { return a & b; });
}
static inline unsigned __reduce_or_sync(unsigned mask, unsigned value) {
    return softcuda::reduce(mask, value, [](unsigned a, unsigned b) { return a | b; });
}

// ---- atomics -----------------------------------------------------------------------------------------------------

namespace softcuda {
template <class T>
struct Same {  // keeps an argument out of the deduction of T, so that atomicAdd(float*, 1) is found
    typedef T type;
};
// The race detector is told of the access as a whole, so the load and the store in it are not instrumented.
template <class T, class Change>
__attribute__((no_sanitize("thread"))) static inline T atomic(T* address, Change change) {
    atomic_access(address, sizeof *address);
    T old = *address;
    *address = change(old);
    return old;
}
}  // namespace softcuda

#define SOFTCUDA_ATOMIC(NAME, RESULT)                                                                  \
    template <class T>                                                                                 \
    static inline T NAME(T* address, typename softcuda::Same<T>::type value) {                         \
        return softcuda::atomic(address, [=](T old) -> T { return RESULT; });                          \
    }                                                                                                  \
    template <class T>                                                                                 \
    static inline T NAME##_block(T* address, typename softcuda::Same<T>::type value) {                 \
        return NAME(address, value);                                                                   \
    }                                                                                                  \
    template <class T>                                                                                 \
    static inline T NAME##_system(T* address, typename softcuda::Same<T>::type value) {                \
        return NAME(address, value);                                                                   \
    }
SOFTCUDA_ATOMIC(atomicAdd, old + value)
SOFTCUDA_ATOMIC(atomicSub, old - value)
SOFTCUDA_ATOMIC(atomicMin, value < old ? value : old)
SOFTCUDA_ATOMIC(atomicMax, old < value ? value : old)
SOFTCUDA_ATOMIC(atomicExch, (old, value))
SOFTCUDA_ATOMIC(atomicAnd, old & value)
SOFTCUDA_ATOMIC(atomicOr, old | value)
SOFTCUDA_ATOMIC(atomicXor, old ^ value)
SOFTCUDA_ATOMIC(atomicInc, old >= value ? 0 : old + 1)
SOFTCUDA_ATOMIC(atomicDec, old == 0 || old > value ? value : old - 1)
#undef SOFTCUDA_ATOMIC

template <class T>
static inline T atomicCAS(T* address, typename softcuda::Same<T>::type expected,
                          typename softcuda::Same<T>::type value) {
    return softcuda::atomic(address, [=](T old) -> T { return old == expected ? value : old; });
}
