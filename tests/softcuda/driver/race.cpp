// The race detector. In race mode g++ compiles a call before every load and store (-fsanitize=thread); the functions
// called are these, not those of its own run-time library.
//
// Two accesses to one place race if one of them writes, not both are atomic, and nothing orders them: threads of one
// block are ordered by __syncthreads, lanes of one warp also by a warp operation, blocks by nothing.
#include <cstdio>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "driver.h"

namespace softcuda {

// The latest accesses of one kind to one place: all those of the latest block since its latest barrier.
struct Accesses {
    unsigned block, barrier, warp_step, thread;
    unsigned warps;     // bit mask of those that took part
    bool any, several;  // several: lanes of the latest warp, unordered
    bool atomic, all_atomic, other_blocks;
};

struct Cell {
    Accesses reads, writes;
};

// Cells for one page of memory: of 4 bytes each, or of 1 once a narrower access was seen there.
struct ShadowPage {
    unsigned launch = 0;
    bool bytes = false;
    std::vector<Cell> cells;
};

constexpr unsigned PAGE_BITS = 12, PAGE_WORDS = 1 << (PAGE_BITS - 2), RECENT = 64;
static std::unordered_map<uintptr_t, ShadowPage> pages;
static unsigned launch_number;

// Looked at before the maps: the pages touched lately, by the low bits of their numbers, and the regions.
static struct {
    uintptr_t number;
    ShadowPage* page;
} recent_pages[RECENT];
static Range recent_regions[4];
static unsigned next_recent_region;

void start_races() {
    launch_number++;
    for (auto& recent : recent_pages) recent.page = nullptr;
    for (auto& recent : recent_regions) recent = {0, 0};
    if (pages.size() > 4096) pages.clear();
}

static void split(ShadowPage& page) {
    std::vector<Cell> cells(4 * PAGE_WORDS);
    for (size_t i = 0; i < cells.size(); i++) cells[i] = page.cells[i / 4];
    page.cells.swap(cells);
    page.bytes = true;
}

static ShadowPage& page_of(uintptr_t address) {
    uintptr_t number = address >> PAGE_BITS;
    auto& recent = recent_pages[number % RECENT];
    if (!recent.page || recent.number != number) {
        recent = {number, &pages[number]};
        if (recent.page->launch != launch_number) {
            recent.page->launch = launch_number;
            recent.page->bytes = false;
            recent.page->cells.assign(PAGE_WORDS, Cell{});
        }
    }
    return *recent.page;
}

struct Access {
    uintptr_t address;
    size_t size;
    bool write, atomic, shared;
    Position at;
};

static bool unordered(const Accesses& before, const Access& now) {
    if (!before.any || (now.atomic && before.all_atomic)) return false;
    if (before.block != now.at.block) return !now.shared;
    if (before.other_blocks && !now.shared) return true;
    if (before.barrier != now.at.barrier || (now.atomic && before.atomic)) return false;
    unsigned warp = now.at.thread / WARP;
    if (before.warps & ~(1u << warp)) return true;
    return before.warp_step == now.at.warp_step && (before.several || before.thread != now.at.thread);
}

static void record(Accesses& before, const Access& now) {
    bool same_block = before.any && before.block == now.at.block;
    bool same_round = same_block && before.barrier == now.at.barrier;
    unsigned warp = now.at.thread / WARP;
    bool same_step = same_round && before.thread / WARP == warp && before.warp_step == now.at.warp_step;
    Accesses after;
    after.block = now.at.block;
    after.barrier = now.at.barrier;
    after.warp_step = now.at.warp_step;
    after.thread = now.at.thread;
    after.warps = (same_round ? before.warps : 0) | 1u << warp;
    after.any = true;
    after.several = same_step && (before.several || before.thread != now.at.thread);
    after.atomic = now.atomic && (!same_round || before.atomic);
    after.all_atomic = now.atomic && (!before.any || before.all_atomic);
    after.other_blocks = before.any && (!same_block || before.other_blocks);
    before = after;
}

[[noreturn]] static void report(const Access& now, const Accesses& before, const char* kinds) {
    char text[256];
    unsigned t = before.thread;
    snprintf(text, sizeof text, "race on %s memory: %s%s, the other by thread (%u,%u,%u) of block %u, not ordered by "
             "a barrier; %zu bytes at ", now.shared ? "shared" : "global", now.atomic ? "an atomic " : "a ", kinds,
             t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y), before.block, now.size);
    std::string where = now.shared ? "" : describe(now.address);
    if (now.shared) {
        char address[32];
        snprintf(address, sizeof address, "%p", (void*)now.address);
        where = address;
    }
    abandon(CUDA_ERROR_LAUNCH_FAILED, text + where);
}

static void check(Cell& cell, const Access& now) {
    if (unordered(cell.writes, now)) report(now, cell.writes, now.write ? "write after a write" : "read after a write");
    if (now.write && unordered(cell.reads, now)) report(now, cell.reads, "write after a read");
    if (now.write) record(cell.writes, now);
    if (!now.write || now.atomic) record(cell.reads, now);
}

// A kernel may touch shared memory, allocations, globals and mapped host memory, and read the constants of its module.
static void check_bounds(const Access& now) {
    if (now.shared) return;
    for (const Range& recent : recent_regions)
        if (now.address >= recent.begin && now.address + now.size <= recent.end) return;
    if (const Region* region = find_region(now.address, now.size)) {
        recent_regions[next_recent_region++ % 4] = {region->address, region->address + region->size};
        return;
    }
    if (in_module(now.address) && !now.write) return;
    illegal_address(now.address, std::string(now.write ? "a write" : "a read") + " of " + std::to_string(now.size) +
                                     " bytes");
}

static void access(const volatile void* pointer, size_t size, bool write, bool atomic) {
    uintptr_t address = (uintptr_t)pointer;
    if (!in_kernel() || on_stack(address) || in_parameters(address) || is_built_in(address)) return;
    Access now = {address, size, write, atomic, in_shared(address), position()};
    check_bounds(now);
    bool narrow = address % 4 || size % 4;
    for (size_t done = 0; done < size;) {
        ShadowPage& page = page_of(address + done);
        if (narrow && !page.bytes) split(page);
        size_t offset = (address + done) & ((1 << PAGE_BITS) - 1);
        check(page.cells[page.bytes ? offset : offset / 4], now);
        done += page.bytes ? 1 : 4;
    }
}

static bool racing;  // an atomic is reported by all modules, but only those of race mode call __tsan_init

void atomic_access(const volatile void* address, size_t size) {
    if (racing) access(address, size, true, true);
}

}  // namespace softcuda

using softcuda::access;

extern "C" {

void __tsan_init() { softcuda::racing = true; }
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

#define SIZE(N)                                                                     \
    void __tsan_read##N(void* p) { access(p, N, false, false); }                    \
    void __tsan_write##N(void* p) { access(p, N, true, false); }                    \
    void __tsan_unaligned_read##N(void* p) { access(p, N, false, false); }          \
    void __tsan_unaligned_write##N(void* p) { access(p, N, true, false); }          \
    void __tsan_volatile_read##N(void* p) { access(p, N, false, true); }            \
    void __tsan_volatile_write##N(void* p) { access(p, N, true, true); }            \
    void __tsan_unaligned_volatile_read##N(void* p) { access(p, N, false, true); }  \
    void __tsan_unaligned_volatile_write##N(void* p) { access(p, N, true, true); }
SIZE(1)
SIZE(2)
SIZE(4)
SIZE(8)
SIZE(16)

void __tsan_read_range(void* p, size_t size) { access(p, size, false, false); }
void __tsan_write_range(void* p, size_t size) { access(p, size, true, false); }

}
