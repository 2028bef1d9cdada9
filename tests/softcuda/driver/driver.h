// What the parts of the driver share. An API function runs inside `call`, which holds the driver's one lock and turns
// an Error into the code it returns; cuGetErrorString then gives that error's own words.
#pragma once
#include <cuda.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "../include/softcuda/runtime.h"

// CUDA's handles point to these.
struct CUctx_st {
    int device;
    bool primary;
    bool peers[64];
};
struct CUfunc_st {
    const softcuda::Kernel* kernel;
    CUmodule module;
    size_t bytes;                   // of all parameters
    size_t dynamic_limit = 48 << 10;  // until cuFuncSetAttribute raises it
};

namespace softcuda {

struct Error {
    CUresult code;
    std::string message;
};

[[noreturn]] void raise(CUresult code, const char* format, ...) __attribute__((format(printf, 2, 3)));
void require(bool condition, const char* message);  // CUDA_ERROR_INVALID_VALUE
CUresult remember(const Error& error);
std::recursive_mutex& lock();

template <class Body>
CUresult call(Body body) {
    std::lock_guard<std::recursive_mutex> held(lock());
    try {
        body();
        return CUDA_SUCCESS;
    } catch (const Error& error) {
        return remember(error);
    }
}

// ---- device.cpp --------------------------------------------------------------------------------------------------

constexpr unsigned MAX_THREADS = 1024;
constexpr size_t STATIC_SHARED = 48 << 10, DYNAMIC_SHARED = 227 << 10;

CUcontext context();  // the current one, or an error
size_t memory_size();
long number(const char* variable, long otherwise);  // from the environment

// ---- memory.cpp --------------------------------------------------------------------------------------------------

struct Region {
    uintptr_t address;
    size_t size;
    int device;  // -1: host memory that the device sees
    enum Kind { Allocation, Global, Host } kind;
};
const Region* find_region(uintptr_t address, size_t size);
std::string describe(uintptr_t address);
void add_region(const Region& region);
void remove_region(uintptr_t address);
void check_margins(const char* kernel);  // finds what a kernel wrote just outside its allocations
void hide_other_devices(int device, bool hide);

// ---- module.cpp --------------------------------------------------------------------------------------------------

struct Range {
    uintptr_t begin, end;
};
struct ModuleMemory {
    Range image;  // all that was loaded
    std::vector<Range> shared;
};
const ModuleMemory& memory_of(CUmodule module);

// ---- stream.cpp --------------------------------------------------------------------------------------------------

void check_stream(CUstream stream);

// ---- scheduler.cpp -----------------------------------------------------------------------------------------------

struct Launch {
    const Kernel* kernel;
    const void* parameters;
    dim3 grid, block;
    size_t dynamic;
    size_t parameter_bytes;
    const ModuleMemory* memory;
    enum Order { Forward, Reverse, Shuffled } order;
    unsigned seed;
};
void run(const Launch& launch);  // throws what went wrong as CUDA_ERROR_ILLEGAL_ADDRESS and the like

// Where the running thread is, and of what kind an address is.
struct Position {
    unsigned block, thread, barrier, warp_step;
};
bool in_kernel();
Position position();
bool on_stack(uintptr_t address);
bool in_parameters(uintptr_t address);
bool is_built_in(uintptr_t address);
bool in_module(uintptr_t address);
bool in_shared(uintptr_t address);
bool past_shared(uintptr_t address);  // the page after dynamic shared memory
[[noreturn]] void abandon(CUresult code, const std::string& message);  // leaves the kernel from inside it
std::string thread_name();

// ---- fault.cpp ---------------------------------------------------------------------------------------------------

[[noreturn]] void illegal_address(uintptr_t address, const std::string& access);  // "a read of 4 bytes", or empty

class FaultHandlers {  // while a kernel runs, its bad accesses are errors of the launch
public:
    FaultHandlers();
    ~FaultHandlers();
};

// ---- race.cpp ----------------------------------------------------------------------------------------------------

void start_races();  // forgets the accesses of earlier launches

}  // namespace softcuda
