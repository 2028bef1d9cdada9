// Devices and contexts.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "driver.h"

namespace softcuda {

constexpr int MAX_DEVICES = 64;
static thread_local std::vector<CUcontext> stack;

long number(const char* variable, long otherwise) {
    const char* text = getenv(variable);
    return text && *text ? atol(text) : otherwise;
}

static int devices() {
    long n = number("SOFTCUDA_DEVICES", 1);
    return n < 0 ? 0 : n > MAX_DEVICES ? MAX_DEVICES : (int)n;
}

size_t memory_size() { return (size_t)number("SOFTCUDA_MEMORY", 8192) << 20; }

static CUcontext primary(int device) {
    static CUctx_st contexts[MAX_DEVICES];
    contexts[device].device = device;
    contexts[device].primary = true;
    return &contexts[device];
}

static void check_device(int device) {
    if (device < 0 || device >= devices()) raise(CUDA_ERROR_INVALID_DEVICE, "there is no device %d", device);
}

CUcontext context() {
    if (stack.empty()) raise(CUDA_ERROR_INVALID_CONTEXT, "no context is current in this thread");
    return stack.back();
}

static void create_context(CUcontext* result, int device) {
    check_device(device);
    *result = new CUctx_st{device, false, {}};
    stack.push_back(*result);
}

static int attribute(CUdevice_attribute name, int device) {
    switch (name) {
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y: return MAX_THREADS;
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z: return 64;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X: return 2147483647;
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
        case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z: return 65535;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK: return STATIC_SHARED;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: return DYNAMIC_SHARED;
        case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: return 228 << 10;
        case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY: return 64 << 10;
        case CU_DEVICE_ATTRIBUTE_WARP_SIZE: return WARP;
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
        case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR: return 65536;
        case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
        case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE: return 1000000;
        case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: return 4;  // few, so that grids made from it stay small
        case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR: return 32;
        case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR: return 2048;
        case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE: return 1 << 20;
        case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH: return 256;
        case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT: return 512;
        case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
        case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
        case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
        case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING: return 1;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: return 9;
        case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: return 0;
        case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID: return device;
        default: return 0;
    }
}

}  // namespace softcuda

using namespace softcuda;

extern "C" {

CUresult cuInit(unsigned) {
    return call([] {
        if (!devices()) raise(CUDA_ERROR_NO_DEVICE, "SOFTCUDA_DEVICES is 0");
    });
}

CUresult cuDriverGetVersion(int* version) {
    *version = CUDA_VERSION;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int* count) {
    *count = devices();
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice* result, int ordinal) {
    return call([&] {
        check_device(ordinal);
        *result = ordinal;
    });
}

CUresult cuDeviceGetName(char* name, int size, CUdevice device) {
    return call([&] {
        check_device(device);
        snprintf(name, size, "software CUDA device");
    });
}

CUresult cuDeviceGetUuid(CUuuid* uuid, CUdevice device) {
    return call([&] {
        check_device(device);
        memset(uuid->bytes, device, sizeof uuid->bytes);
    });
}

CUresult cuDeviceTotalMem(size_t* bytes, CUdevice device) {
    return call([&] {
        check_device(device);
        *bytes = memory_size();
    });
}

CUresult cuDeviceGetAttribute(int* value, CUdevice_attribute name, CUdevice device) {
    return call([&] {
        check_device(device);
        *value = attribute(name, device);
    });
}

CUresult cuDeviceComputeCapability(int* major, int* minor, CUdevice device) {
    return call([&] {
        check_device(device);
        *major = 9;
        *minor = 0;
    });
}

CUresult cuDeviceGetPCIBusId(char* text, int size, CUdevice device) {
    return call([&] {
        check_device(device);
        snprintf(text, size, "0000:%02x:00.0", device);
    });
}

CUresult cuDeviceGetByPCIBusId(CUdevice* result, const char* text) {
    return call([&] {
        unsigned device;
        require(sscanf(text, "0000:%x:00.0", &device) == 1, "not a PCI bus id");
        check_device(device);
        *result = device;
    });
}

CUresult cuDeviceCanAccessPeer(int* can, CUdevice device, CUdevice peer) {
    return call([&] {
        check_device(device);
        check_device(peer);
        *can = device != peer;
    });
}

CUresult cuDevicePrimaryCtxRetain(CUcontext* result, CUdevice device) {
    return call([&] {
        check_device(device);
        *result = primary(device);
    });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device) {
    return call([&] { check_device(device); });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned* flags, int* active) {
    return call([&] {
        check_device(device);
        *flags = 0;
        *active = 1;
    });
}

#if CUDA_VERSION >= 13000
CUresult cuCtxCreate(CUcontext* result, CUctxCreateParams*, unsigned, CUdevice device) {
    return call([&] { create_context(result, device); });
}
#else
CUresult cuCtxCreate(CUcontext* result, unsigned, CUdevice device) {
    return call([&] { create_context(result, device); });
}
#endif

CUresult cuCtxDestroy(CUcontext destroyed) {
    return call([&] {
        require(destroyed && !destroyed->primary, "not a context that cuCtxCreate made");
        if (!stack.empty() && stack.back() == destroyed) stack.pop_back();
        delete destroyed;
    });
}

CUresult cuCtxAttach(CUcontext* result, unsigned) {
    return call([&] { *result = context(); });
}

CUresult cuCtxDetach(CUcontext detached) {
    return detached && detached->primary ? CUDA_SUCCESS : cuCtxDestroy(detached);
}

CUresult cuCtxPushCurrent(CUcontext pushed) {
    return call([&] {
        require(pushed, "no context");
        stack.push_back(pushed);
    });
}

CUresult cuCtxPopCurrent(CUcontext* result) {
    return call([&] {
        CUcontext popped = context();
        stack.pop_back();
        if (result) *result = popped;
    });
}

CUresult cuCtxGetCurrent(CUcontext* result) {
    *result = stack.empty() ? nullptr : stack.back();
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext current) {
    if (!stack.empty()) stack.pop_back();
    if (current) stack.push_back(current);
    return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice* device) {
    return call([&] { *device = context()->device; });
}

CUresult cuCtxSynchronize() {
    return call([] { context(); });
}

CUresult cuCtxGetApiVersion(CUcontext, unsigned* version) {
    *version = 3020;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    *least = *greatest = 0;
    return CUDA_SUCCESS;
}

CUresult cuCtxEnablePeerAccess(CUcontext peer, unsigned) {
    return call([&] {
        require(peer && peer->device != context()->device, "not another device's context");
        bool& enabled = context()->peers[peer->device];
        if (enabled) raise(CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, "peer access is enabled already");
        enabled = true;
    });
}

CUresult cuCtxDisablePeerAccess(CUcontext peer) {
    return call([&] {
        bool& enabled = context()->peers[peer->device];
        if (!enabled) raise(CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, "peer access is not enabled");
        enabled = false;
    });
}

}
