// Device memory. An allocation starts as CUDA's do, at a multiple of 256 bytes, and its last 256-byte unit ends at a
// page that cannot be touched; what is left around it is filled with a pattern that is looked at after each kernel.
// Addresses are never used twice, so a freed one faults for good. Fresh memory is 0xFF: NaN, or -1.
#include "driver.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <set>

namespace softcuda {

constexpr size_t PAGE = 4096, UNIT = 256, ARENA = size_t(1) << 44;

static std::map<uintptr_t, Region> regions;
static std::map<uintptr_t, size_t> freed;  // the latest of them, to name them in errors
static std::map<int, size_t> used;
static std::set<void*> pinned;  // host memory that cuMemHostAlloc made
static uintptr_t next_page, arena_end;

static size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// NaN in every float type, and not what a kernel would write.
static const unsigned char* margin_pattern() {
    static unsigned char pattern[PAGE];
    if (!pattern[0])
        for (size_t i = 0; i < PAGE; i++) pattern[i] = i & 1 ? 0x7F : 0xFF;
    return pattern;
}

// ---- regions: what a device address may point into ---------------------------------------------------------------

const Region* find_region(uintptr_t address, size_t size) {
    auto after = regions.upper_bound(address);
    if (after == regions.begin()) return nullptr;
    const Region& region = std::prev(after)->second;
    return address + size <= region.address + region.size ? &region : nullptr;
}

void add_region(const Region& region) {
    if (region.size) regions[region.address] = region;
}
void remove_region(uintptr_t address) { regions.erase(address); }

static std::string beside(uintptr_t address, uintptr_t begin, size_t size, const char* what) {
    std::string of = std::string(what) + " of " + std::to_string(size) + " bytes";
    if (address < begin) return std::to_string(begin - address) + " bytes before " + of;
    if (address < begin + size) return "byte " + std::to_string(address - begin) + " of " + of;
    return std::to_string(address - begin - size) + " bytes past the end of " + of;
}

std::string describe(uintptr_t address) {
    if (address < PAGE) return address ? "beside a null pointer" : "a null pointer, or no address at all";
    auto after = regions.upper_bound(address);
    if (after != regions.begin()) {
        const Region& region = std::prev(after)->second;
        if (address < region.address + region.size + PAGE) {
            const char* what = region.kind == Region::Allocation ? "an allocation" : "a global";
            std::string where = beside(address, region.address, region.size, what);
            return region.device < 0 ? where : where + " of device " + std::to_string(region.device);
        }
    }
    auto dead = freed.upper_bound(address);
    if (dead != freed.begin() && address < std::prev(dead)->first + std::prev(dead)->second + PAGE)
        return beside(address, std::prev(dead)->first, std::prev(dead)->second, "a freed allocation");
    if (after != regions.end() && after->first - address <= PAGE)
        return beside(address, after->first, after->second.size, "an allocation");
    return "no device memory";
}

// ---- allocation --------------------------------------------------------------------------------------------------

static uintptr_t take_pages(size_t size) {
    if (!arena_end) {
        void* arena = mmap(nullptr, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (arena == MAP_FAILED) raise(CUDA_ERROR_OUT_OF_MEMORY, "out of memory: no address space");
        next_page = (uintptr_t)arena + PAGE;
        arena_end = (uintptr_t)arena + ARENA;
    }
    uintptr_t page = next_page;
    if (size + PAGE > arena_end - page || mprotect((void*)page, size, PROT_READ | PROT_WRITE))
        raise(CUDA_ERROR_OUT_OF_MEMORY, "out of memory");
    next_page += size + PAGE;  // the page between stays closed
    return page;
}

static uintptr_t allocate(size_t size) {
    int device = context()->device;
    require(size > 0, "cuMemAlloc of 0 bytes");
    if (used[device] + size > memory_size())
        raise(CUDA_ERROR_OUT_OF_MEMORY, "out of memory: %zu bytes asked, %zu of %zu in use", size, used[device],
              memory_size());
    size_t units = round_up(size, UNIT), pages = round_up(units, PAGE);
    uintptr_t page = take_pages(pages), address = page + pages - units;
    const unsigned char* pattern = margin_pattern();
    memcpy((void*)page, pattern, address - page);
    memset((void*)address, 0xFF, size);
    memcpy((void*)(address + size), pattern + (address + size) % PAGE, units - size);
    used[device] += size;
    add_region({address, size, device, Region::Allocation});
    return address;
}

static void release(uintptr_t address) {
    auto found = regions.find(address);
    if (found == regions.end() || found->second.kind != Region::Allocation)
        raise(CUDA_ERROR_INVALID_VALUE, "cuMemFree of %p, which is %s", (void*)address, describe(address).c_str());
    Region region = found->second;
    uintptr_t page = address / PAGE * PAGE, end = address + round_up(region.size, UNIT);
    mmap((void*)page, end - page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    used[region.device] -= region.size;
    regions.erase(found);
    freed[address] = region.size;
    if (freed.size() > 4096) freed.erase(freed.begin());
}

void check_margins(const char* kernel) {
    const unsigned char* pattern = margin_pattern();
    for (const auto& entry : regions) {
        const Region& region = entry.second;
        if (region.kind != Region::Allocation) continue;
        uintptr_t page = region.address / PAGE * PAGE, end = region.address + region.size;
        size_t before = std::min(region.address - page, UNIT), after = round_up(region.size, UNIT) - region.size;
        uintptr_t start = region.address - before;
        bool underrun = memcmp((void*)start, pattern, before);
        bool overrun = memcmp((void*)end, pattern + end % PAGE, after);
        if (!underrun && !overrun) continue;
        memcpy((void*)start, pattern, before);
        memcpy((void*)end, pattern + end % PAGE, after);
        raise(CUDA_ERROR_ILLEGAL_ADDRESS, "%s: illegal address: a thread wrote just %s an allocation of %zu bytes "
              "(the race mode names the thread)", kernel, overrun ? "past the end of" : "before", region.size);
    }
}

// A kernel sees the memory of its own device, and of those its context has peer access to.
void hide_other_devices(int device, bool hide) {
    if (used.size() < 2) return;
    for (const auto& entry : regions) {
        const Region& region = entry.second;
        if (region.kind != Region::Allocation || region.device == device || context()->peers[region.device]) continue;
        uintptr_t page = region.address / PAGE * PAGE, end = region.address + round_up(region.size, UNIT);
        mprotect((void*)page, end - page, hide ? PROT_NONE : PROT_READ | PROT_WRITE);
    }
}

// ---- copies ------------------------------------------------------------------------------------------------------

static char* device_bytes(CUdeviceptr address, size_t size) {
    if (size && !find_region(address, size))
        raise(CUDA_ERROR_INVALID_VALUE, "%zu bytes at %p are not inside one live allocation: %s", size,
              (void*)address, describe(address).c_str());
    return (char*)address;
}

static void copy(void* to, const void* from, size_t size) {
    context();
    memmove(to, from, size);
}

template <class T>
static void fill(CUdeviceptr to, size_t pitch, T value, size_t width, size_t height) {
    context();
    require(to % sizeof(T) == 0, "cuMemset: the address is not aligned");
    for (size_t row = 0; row < height; row++) {
        T* line = (T*)device_bytes(to + row * pitch, width * sizeof(T));
        for (size_t i = 0; i < width; i++) line[i] = value;
    }
}

// One end of a copy of rows: the address of (x, y, z) and the steps from there.
struct End {
    char* base;
    size_t pitch, slice;
    bool device;
    char* row(size_t y, size_t z, size_t size) const {
        char* address = base + z * slice + y * pitch;
        return device ? device_bytes((CUdeviceptr)address, size) : address;
    }
};

static End end_of(CUmemorytype type, const void* host, CUdeviceptr device, size_t pitch, size_t height, size_t width,
                  size_t x, size_t y, size_t z) {
    if (type == CU_MEMORYTYPE_ARRAY) raise(CUDA_ERROR_NOT_SUPPORTED, "the software driver has no arrays");
    if (!pitch) pitch = width;
    require(pitch >= width + x, "the pitch is less than a row");
    bool on_device = type == CU_MEMORYTYPE_DEVICE || (type == CU_MEMORYTYPE_UNIFIED && find_region(device, 1));
    char* base = type == CU_MEMORYTYPE_HOST ? (char*)host : (char*)device;
    return {base + z * pitch * height + y * pitch + x, pitch, pitch * height, on_device};
}

static void copy_rows(const End& to, const End& from, size_t width, size_t height, size_t depth) {
    context();
    for (size_t z = 0; z < depth; z++)
        for (size_t y = 0; y < height; y++) memmove(to.row(y, z, width), from.row(y, z, width), width);
}

static void copy_2d(const CUDA_MEMCPY2D* c) {
    copy_rows(end_of(c->dstMemoryType, c->dstHost, c->dstDevice, c->dstPitch, c->Height, c->WidthInBytes,
                     c->dstXInBytes, c->dstY, 0),
              end_of(c->srcMemoryType, c->srcHost, c->srcDevice, c->srcPitch, c->Height, c->WidthInBytes,
                     c->srcXInBytes, c->srcY, 0),
              c->WidthInBytes, c->Height, 1);
}

static void copy_3d(const CUDA_MEMCPY3D* c) {
    copy_rows(end_of(c->dstMemoryType, c->dstHost, c->dstDevice, c->dstPitch, c->dstHeight ? c->dstHeight : c->Height,
                     c->WidthInBytes, c->dstXInBytes, c->dstY, c->dstZ),
              end_of(c->srcMemoryType, c->srcHost, c->srcDevice, c->srcPitch, c->srcHeight ? c->srcHeight : c->Height,
                     c->WidthInBytes, c->srcXInBytes, c->srcY, c->srcZ),
              c->WidthInBytes, c->Height, c->Depth);
}

}  // namespace softcuda

using namespace softcuda;

extern "C" {

CUresult cuMemGetInfo(size_t* free, size_t* total) {
    return call([&] {
        *total = memory_size();
        *free = *total - std::min(*total, used[context()->device]);
    });
}

CUresult cuMemAlloc(CUdeviceptr* result, size_t size) {
    return call([&] { *result = allocate(size); });
}

CUresult cuMemAllocPitch(CUdeviceptr* result, size_t* pitch, size_t width, size_t height, unsigned) {
    return call([&] {
        *pitch = round_up(width, 512);
        *result = allocate(*pitch * height);
    });
}

CUresult cuMemAllocManaged(CUdeviceptr* result, size_t size, unsigned) {
    return call([&] { *result = allocate(size); });
}

CUresult cuMemAllocAsync(CUdeviceptr* result, size_t size, CUstream stream) {
    return call([&] {
        check_stream(stream);
        *result = allocate(size);
    });
}

CUresult cuMemFree(CUdeviceptr address) {
    return call([&] {
        if (address) release(address);
    });
}

CUresult cuMemFreeAsync(CUdeviceptr address, CUstream stream) {
    return call([&] {
        check_stream(stream);
        if (address) release(address);
    });
}

CUresult cuMemGetAddressRange(CUdeviceptr* base, size_t* size, CUdeviceptr address) {
    return call([&] {
        const Region* region = find_region(address, 1);
        if (!region) raise(CUDA_ERROR_NOT_FOUND, "the address is %s", describe(address).c_str());
        if (base) *base = region->address;
        if (size) *size = region->size;
    });
}

CUresult cuPointerGetAttribute(void* data, CUpointer_attribute attribute, CUdeviceptr address) {
    return call([&] {
        const Region* region = find_region(address, 1);
        require(region, "not a device address");
        if (attribute == CU_POINTER_ATTRIBUTE_MEMORY_TYPE)
            *(unsigned*)data = region->kind == Region::Host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE;
        else if (attribute == CU_POINTER_ATTRIBUTE_DEVICE_POINTER)
            *(CUdeviceptr*)data = address;
        else if (attribute == CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL)
            *(int*)data = region->device;
        else
            raise(CUDA_ERROR_NOT_SUPPORTED, "the software driver has no pointer attribute %d", attribute);
    });
}

// ---- host memory -------------------------------------------------------------------------------------------------

CUresult cuMemHostAlloc(void** result, size_t size, unsigned) {
    return call([&] {
        context();
        *result = aligned_alloc(PAGE, round_up(size ? size : 1, PAGE));
        if (!*result) raise(CUDA_ERROR_OUT_OF_MEMORY, "out of host memory");
        pinned.insert(*result);
        add_region({(uintptr_t)*result, size, -1, Region::Host});
    });
}

CUresult cuMemAllocHost(void** result, size_t size) { return cuMemHostAlloc(result, size, 0); }

CUresult cuMemFreeHost(void* address) {
    return call([&] {
        require(pinned.erase(address), "not memory from cuMemHostAlloc");
        remove_region((uintptr_t)address);
        free(address);
    });
}

CUresult cuMemHostRegister(void* address, size_t size, unsigned) {
    return call([&] {
        if (find_region((uintptr_t)address, 1))
            raise(CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "this memory is registered already");
        add_region({(uintptr_t)address, size, -1, Region::Host});
    });
}

CUresult cuMemHostUnregister(void* address) {
    return call([&] {
        const Region* region = find_region((uintptr_t)address, 1);
        if (!region || region->kind != Region::Host || pinned.count(address))
            raise(CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "this memory is not registered");
        remove_region((uintptr_t)address);
    });
}

CUresult cuMemHostGetDevicePointer(CUdeviceptr* result, void* address, unsigned) {
    return call([&] {
        require(find_region((uintptr_t)address, 1), "not registered host memory");
        *result = (CUdeviceptr)address;
    });
}

CUresult cuMemHostGetFlags(unsigned* flags, void*) {
    *flags = CU_MEMHOSTALLOC_DEVICEMAP;
    return CUDA_SUCCESS;
}

// ---- copies ------------------------------------------------------------------------------------------------------

CUresult cuMemcpyHtoD(CUdeviceptr to, const void* from, size_t size) {
    return call([&] { copy(device_bytes(to, size), from, size); });
}

CUresult cuMemcpyDtoH(void* to, CUdeviceptr from, size_t size) {
    return call([&] { copy(to, device_bytes(from, size), size); });
}

CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t size) {
    return call([&] { copy(device_bytes(to, size), device_bytes(from, size), size); });
}

CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext, size_t size) {
    return cuMemcpyDtoD(to, from, size);
}

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t size) {  // either end may be on the host
    return call([&] { copy((void*)to, (void*)from, size); });
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void* from, size_t size, CUstream stream) {
    CUresult alive = call([&] { check_stream(stream); });
    return alive ? alive : cuMemcpyHtoD(to, from, size);
}

CUresult cuMemcpyDtoHAsync(void* to, CUdeviceptr from, size_t size, CUstream stream) {
    CUresult alive = call([&] { check_stream(stream); });
    return alive ? alive : cuMemcpyDtoH(to, from, size);
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream) {
    CUresult alive = call([&] { check_stream(stream); });
    return alive ? alive : cuMemcpyDtoD(to, from, size);
}

CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext, size_t size, CUstream stream) {
    return cuMemcpyDtoDAsync(to, from, size, stream);
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream) {
    CUresult alive = call([&] { check_stream(stream); });
    return alive ? alive : cuMemcpy(to, from, size);
}

CUresult cuMemcpy2D(const CUDA_MEMCPY2D* c) {
    return call([&] { copy_2d(c); });
}
CUresult cuMemcpy2DUnaligned(const CUDA_MEMCPY2D* c) {
    return call([&] { copy_2d(c); });
}
CUresult cuMemcpy2DAsync(const CUDA_MEMCPY2D* c, CUstream stream) {
    return call([&] {
        check_stream(stream);
        copy_2d(c);
    });
}
CUresult cuMemcpy3D(const CUDA_MEMCPY3D* c) {
    return call([&] { copy_3d(c); });
}
CUresult cuMemcpy3DAsync(const CUDA_MEMCPY3D* c, CUstream stream) {
    return call([&] {
        check_stream(stream);
        copy_3d(c);
    });
}

// ---- fills -------------------------------------------------------------------------------------------------------

CUresult cuMemsetD8(CUdeviceptr to, unsigned char value, size_t count) {
    return call([&] { fill(to, 0, value, count, 1); });
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
    return call([&] {
        check_stream(stream);
        fill(to, 0, value, count, 1);
    });
}
CUresult cuMemsetD2D8(CUdeviceptr to, size_t pitch, unsigned char value, size_t width, size_t height) {
    return call([&] { fill(to, pitch, value, width, height); });
}
CUresult cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value, size_t width, size_t height,
                           CUstream stream) {
    return call([&] {
        check_stream(stream);
        fill(to, pitch, value, width, height);
    });
}

CUresult cuMemsetD16(CUdeviceptr to, unsigned short value, size_t count) {
    return call([&] { fill(to, 0, value, count, 1); });
}
CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
    return call([&] {
        check_stream(stream);
        fill(to, 0, value, count, 1);
    });
}
CUresult cuMemsetD2D16(CUdeviceptr to, size_t pitch, unsigned short value, size_t width, size_t height) {
    return call([&] { fill(to, pitch, value, width, height); });
}
CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value, size_t width, size_t height,
                            CUstream stream) {
    return call([&] {
        check_stream(stream);
        fill(to, pitch, value, width, height);
    });
}

CUresult cuMemsetD32(CUdeviceptr to, unsigned value, size_t count) {
    return call([&] { fill(to, 0, value, count, 1); });
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
    return call([&] {
        check_stream(stream);
        fill(to, 0, value, count, 1);
    });
}
CUresult cuMemsetD2D32(CUdeviceptr to, size_t pitch, unsigned value, size_t width, size_t height) {
    return call([&] { fill(to, pitch, value, width, height); });
}
CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value, size_t width, size_t height,
                            CUstream stream) {
    return call([&] {
        check_stream(stream);
        fill(to, pitch, value, width, height);
    });
}

}
