// Runs a grid on one operating-system thread. The threads of a block are fibers; blocks run one after another.
//
// A fiber runs thread after thread until one of them must wait, so a kernel that never waits costs no switch. A waiting
// thread keeps its fiber; another fiber goes on with the rest.
#include <sys/mman.h>

#include <algorithm>
#include <csetjmp>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "driver.h"
#include "fiber.h"

// What the code of a kernel reads of the driver; the race detector knows it by its section.
#define BUILT_IN __attribute__((section("built_in")))
BUILT_IN uint3 threadIdx, blockIdx;
BUILT_IN dim3 blockDim, gridDim;
extern "C" char __start_built_in[], __stop_built_in[];

namespace softcuda {

constexpr size_t PAGE = 4096, STACK = 64 << 10;
constexpr int MEETINGS = 8;  // groups of lanes of one warp that wait at the same time

struct Fiber {
    FiberState state;
    bool prepared;
    unsigned thread;  // of the block, in order of x, y, z
    uint3 index;
    unsigned meeting_slot;
};

// Lanes that were called by the same mask. What they gave is kept twice, since one may come again before another
// has read.
struct Meeting {
    unsigned mask, arrived, round, unread;
    const char* operation;
    unsigned waiting;
    Fiber* waiter[WARP];
    Exchange result[2];
};

struct Warp {
    unsigned lanes, exited, step;
    Meeting meetings[MEETINGS];
};

struct Barrier {
    unsigned round, waiting;
    int line;
    Fiber* waiter[MAX_THREADS];
    Votes votes[2];
};

template <class T, unsigned capacity>
struct Queue {
    T items[capacity];
    unsigned head = 0, tail = 0;
    bool empty() const { return head == tail; }
    unsigned size() const { return tail - head; }
    T& operator[](unsigned i) { return items[(head + i) % capacity]; }
    void push(T item) { items[tail++ % capacity] = item; }
    T pop() { return items[head++ % capacity]; }
    void clear() { head = tail = 0; }
};

static Fiber main_fiber, fibers[MAX_THREADS], *current = &main_fiber;
static std::vector<Fiber*> idle;
static unsigned fibers_made;
static Queue<Fiber*, 2 * MAX_THREADS> ready;

static Launch job;
static unsigned threads, next_thread, alive, block_number;
static unsigned order[MAX_THREADS];
static uint3 indices[MAX_THREADS];
static Barrier block_barrier;
BUILT_IN static Warp warps[MAX_THREADS / WARP];
static unsigned random_state;

static char *stacks, *shared_end;
BUILT_IN char* dynamic_shared;

static bool running;
static sigjmp_buf escape;
static Error failure;

// ---- leaving a kernel --------------------------------------------------------------------------------------------

std::string thread_name() {
    char text[128];
    snprintf(text, sizeof text, "%s: block (%u,%u,%u) thread (%u,%u,%u): ", job.kernel->name, blockIdx.x, blockIdx.y,
             blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z);
    return text;
}

void abandon(CUresult code, const std::string& message) {
    failure = {code, thread_name() + message};
    siglongjmp(escape, 1);
}

void fail(const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    abandon(CUDA_ERROR_LAUNCH_FAILED, text);
}

// ---- fibers ------------------------------------------------------------------------------------------------------

static void run_threads();

static unsigned random_below(unsigned n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

static Fiber* unused_fiber() {
    Fiber* fiber;
    if (!idle.empty()) {
        fiber = idle.back();
        idle.pop_back();
    } else {
        fiber = &fibers[fibers_made++];
    }
    if (!fiber->prepared) {
        // Below each stack lies a closed page. The tops differ, else all fall into one set of the cache.
        char* bottom = stacks + (fiber - fibers) * (STACK + PAGE) + PAGE;
        prepare_fiber(fiber->state, bottom, STACK - 64 * (1 + (fiber - fibers) % 64), run_threads);
        fiber->prepared = true;
    }
    return fiber;
}

static Fiber* choose() {
    bool shuffled = job.order == Launch::Shuffled, fresh = next_thread < threads;
    if (fresh && shuffled && (ready.empty() || random_below(2))) return unused_fiber();
    if (!ready.empty()) {
        if (shuffled) std::swap(ready[0], ready[random_below(ready.size())]);
        return ready.pop();
    }
    return fresh ? unused_fiber() : &main_fiber;
}

static void go_to(Fiber* next) {
    Fiber* previous = current;
    if (next == previous) return;
    current = next;
    switch_fiber(previous->state, next->state);
}

static void wait() {
    Fiber* self = current;
    go_to(choose());
    threadIdx = self->index;
}

// ---- barriers ----------------------------------------------------------------------------------------------------

static void open_barrier() {
    Barrier& b = block_barrier;
    for (unsigned i = 0; i < b.waiting; i++) ready.push(b.waiter[i]);
    b.waiting = 0;
    b.round++;
    b.votes[b.round & 1] = {0, 0};
}

Votes barrier(int line, bool vote) {
    Barrier& b = block_barrier;
    Votes& votes = b.votes[b.round & 1];
    votes.threads++;
    votes.yes += vote;
    if (!b.waiting)
        b.line = line;
    else if (b.line != line)
        fail("divergent __syncthreads: this thread is at line %d, others wait at line %d", line, b.line);
    if (b.waiting + 1 == alive) {
        open_barrier();
    } else {
        b.waiter[b.waiting++] = current;
        wait();
    }
    return votes;
}

// ---- warps -------------------------------------------------------------------------------------------------------

unsigned lane() { return current->thread % WARP; }

static Warp& own_warp() { return warps[current->thread / WARP]; }

unsigned active_lanes() { return own_warp().lanes & ~own_warp().exited; }

static bool complete(const Warp& warp, const Meeting& meeting) {
    return !(meeting.mask & warp.lanes & ~warp.exited & ~meeting.arrived);
}

static void open_meeting(Meeting& meeting) {
    meeting.result[meeting.round & 1].lanes = meeting.arrived;
    meeting.arrived = 0;
    meeting.round++;
    meeting.unread = meeting.waiting;
    for (unsigned i = 0; i < meeting.waiting; i++) ready.push(meeting.waiter[i]);
    meeting.waiting = 0;
}

static Meeting& find_meeting(Warp& warp, unsigned mask, const char* operation) {
    Meeting* unused = nullptr;
    for (Meeting& meeting : warp.meetings) {
        bool free = !meeting.waiting && !meeting.unread;
        if (meeting.mask == mask) {
            if (!meeting.waiting)
                meeting.operation = operation;
            else if (meeting.operation != operation && strcmp(meeting.operation, operation))
                fail("the lanes of mask %08x meet in %s and in %s", mask, meeting.operation, operation);
            return meeting;
        }
        if (free && !unused) unused = &meeting;
    }
    if (!unused) fail("more than %d groups of lanes of one warp wait at once", MEETINGS);
    unused->mask = mask;
    unused->arrived = 0;
    unused->operation = operation;
    return *unused;
}

const Exchange& meet(unsigned mask, const char* operation, uint64_t value) {
    Warp& warp = own_warp();
    unsigned self = lane();
    if (!(mask >> self & 1)) fail("%s: the calling lane %u is not in mask %08x", operation, self, mask);
    Meeting& meeting = find_meeting(warp, mask, operation);
    Exchange& result = meeting.result[meeting.round & 1];
    result.value[self] = value;
    meeting.arrived |= 1u << self;
    if (complete(warp, meeting)) {
        warp.step++;
        open_meeting(meeting);
    } else {
        meeting.waiter[meeting.waiting++] = current;
        wait();
        meeting.unread--;
    }
    return result;
}

// ---- threads and blocks ------------------------------------------------------------------------------------------

static void leave_thread() {
    Warp& warp = own_warp();
    alive--;
    warp.exited |= 1u << lane();
    for (Meeting& meeting : warp.meetings)
        if (meeting.waiting && complete(warp, meeting)) open_meeting(meeting);
    if (block_barrier.waiting && block_barrier.waiting == alive) open_barrier();
}

// What every fiber does, for ever.
static void run_threads() {
    for (;;) {
        while (next_thread < threads) {
            unsigned thread = order[next_thread++];
            current->thread = thread;
            current->index = threadIdx = indices[thread];
            job.kernel->call(job.parameters);
            leave_thread();
            if (job.order == Launch::Shuffled || !ready.empty()) break;
        }
        idle.push_back(current);
        go_to(choose());
    }
}

static void start_block(uint3 index) {
    blockIdx = index;
    block_number = index.x + gridDim.x * (index.y + gridDim.y * index.z);
    next_thread = 0;
    alive = threads;
    ready.clear();
    block_barrier.waiting = block_barrier.round = 0;
    block_barrier.votes[0] = {0, 0};
    for (unsigned w = 0; w * WARP < threads; w++) {
        unsigned lanes = std::min(threads - w * WARP, (unsigned)WARP);
        warps[w].lanes = lanes == WARP ? ~0u : (1u << lanes) - 1;
        warps[w].exited = warps[w].step = 0;
        for (Meeting& meeting : warps[w].meetings)
            meeting.mask = meeting.arrived = meeting.waiting = meeting.unread = 0;
    }
    if (job.order == Launch::Shuffled)
        for (unsigned i = threads; i > 1; i--) std::swap(order[i - 1], order[random_below(i)]);
    if (job.dynamic) memset(dynamic_shared, 0xFF, job.dynamic);
    for (const Range& range : job.memory->shared) memset((void*)range.begin, 0xFF, range.end - range.begin);
}

static void run_block(uint3 index) {
    start_block(index);
    while (alive) {
        Fiber* fiber = choose();
        if (fiber == &main_fiber)
            fail("deadlock: %u threads are left, %u of them wait at __syncthreads (line %d), the others at a warp "
                 "operation", alive, block_barrier.waiting, block_barrier.line);
        go_to(fiber);
    }
}

static void run_grid() {
    dim3 g = gridDim;
    bool reverse = job.order == Launch::Reverse;
    uint64_t blocks = (uint64_t)g.x * g.y * g.z;
    uint64_t first = job.order == Launch::Shuffled ? random_below(blocks > ~0u ? ~0u : (unsigned)blocks) : 0;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t k = reverse ? blocks - 1 - i : (first + i) % blocks;
        run_block({(unsigned)(k % g.x), (unsigned)(k / g.x % g.y), (unsigned)(k / g.x / g.y)});
    }
}

static void close_page(char* page) {
    if (mprotect(page, PAGE, PROT_NONE)) raise(CUDA_ERROR_OPERATING_SYSTEM, "cannot close a page of memory");
}

// The end of dynamic shared memory is the end of the last page that can be touched.
static void reserve_memory() {
    size_t stack_bytes = MAX_THREADS * (STACK + PAGE);
    size_t shared_bytes = (DYNAMIC_SHARED + PAGE - 1) / PAGE * PAGE + 2 * PAGE;
    char* all = (char*)mmap(nullptr, stack_bytes + shared_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED) raise(CUDA_ERROR_OUT_OF_MEMORY, "out of host memory for the stacks of a block");
    stacks = all;
    shared_end = all + stack_bytes + shared_bytes - PAGE;
    for (unsigned i = 0; i < MAX_THREADS; i++) close_page(stacks + i * (STACK + PAGE));
    close_page(all + stack_bytes);
    close_page(shared_end);
}

void run(const Launch& launch) {
    if (!stacks) reserve_memory();
    job = launch;
    gridDim = launch.grid;
    blockDim = launch.block;
    threads = blockDim.x * blockDim.y * blockDim.z;
    random_state = launch.seed * 2654435761u | 1;
    dynamic_shared = shared_end - (launch.dynamic + 15) / 16 * 16;
    for (unsigned i = 0; i < threads; i++) {
        order[i] = launch.order == Launch::Reverse ? threads - 1 - i : i;
        indices[i] = {i % blockDim.x, i / blockDim.x % blockDim.y, i / (blockDim.x * blockDim.y)};
    }
    start_races();
    FaultHandlers handlers;
    running = true;
    bool failed = sigsetjmp(escape, 1);
    if (!failed) run_grid();
    running = false;
    current = &main_fiber;
    if (failed) {  // the fibers hold threads that will not go on
        for (Fiber& fiber : fibers) fiber.prepared = false;
        idle.clear();
        fibers_made = 0;
        throw failure;
    }
}

// ---- for the race detector ---------------------------------------------------------------------------------------

bool in_kernel() { return running && current != &main_fiber; }

Position position() {
    return {block_number, current->thread, block_barrier.round, warps[current->thread / WARP].step};
}

bool on_stack(uintptr_t address) { return address - (uintptr_t)stacks < MAX_THREADS * (STACK + PAGE); }

bool in_parameters(uintptr_t address) { return address - (uintptr_t)job.parameters < job.parameter_bytes; }

bool is_built_in(uintptr_t address) {
    return address >= (uintptr_t)__start_built_in && address < (uintptr_t)__stop_built_in;
}

bool in_module(uintptr_t address) {
    return address >= job.memory->image.begin && address < job.memory->image.end;
}

bool past_shared(uintptr_t address) { return address - (uintptr_t)shared_end < PAGE; }

bool in_shared(uintptr_t address) {
    if (address - (uintptr_t)dynamic_shared < (uintptr_t)(shared_end - dynamic_shared)) return true;
    for (const Range& range : job.memory->shared)
        if (address >= range.begin && address < range.end) return true;
    return false;
}

}  // namespace softcuda
