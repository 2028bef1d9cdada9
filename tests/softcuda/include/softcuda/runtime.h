// What a compiled kernel and the driver know of each other: the built-in indices, and the calls a kernel makes where
// it must wait for other threads. The functions are in driver/; kernels find them in libcuda.so.1 when they are loaded.
#pragma once
#include <cstddef>
#include <cstdint>

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

extern uint3 threadIdx, blockIdx;  // of the running thread: one operating-system thread runs them all in turn
extern dim3 blockDim, gridDim;

namespace softcuda {

constexpr int WARP = 32;

struct Parameter {
    unsigned offset, size;
};

// One entry of the table at the end of every compiled module.
struct Kernel {
    const char* name;
    void* function;
    void (*call)(const void* packed);
    const Parameter* parameters;
    unsigned count;
    unsigned max_threads;  // from __launch_bounds__, else 1024
};

// Ends the launch with an error that names kernel, block and thread.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

struct Votes {
    int threads, yes;
};
Votes barrier(int line, bool vote);

// What the lanes of a warp gave when they met; bit i of `lanes` says that lane i was there.
struct Exchange {
    unsigned lanes;
    uint64_t value[WARP];
};
const Exchange& meet(unsigned mask, const char* operation, uint64_t value);

unsigned lane();
unsigned active_lanes();
extern char* dynamic_shared;
void atomic_access(const volatile void* address, size_t size);  // for the race detector

}  // namespace softcuda
