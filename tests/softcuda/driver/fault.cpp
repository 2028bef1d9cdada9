// Bad accesses of a kernel: signals of the processor, and the checks that g++ compiled into the module
// (-fsanitize=alignment,bounds,integer-divide-by-zero), whose handlers are here.
#include <csignal>
#include <cstdio>
#include <cstring>

#include "driver.h"

namespace softcuda {

static thread_local bool handling;
constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE};
static struct sigaction previous[4];
static stack_t previous_stack;

void illegal_address(uintptr_t address, const std::string& access) {
    char text[64];
    snprintf(text, sizeof text, "illegal address %p: ", (void*)address);
    std::string where = past_shared(address) ? "past the end of dynamic shared memory" : describe(address);
    abandon(CUDA_ERROR_ILLEGAL_ADDRESS, text + (access.empty() ? where : access + ", " + where));
}

static void on_signal(int signal, siginfo_t* info, void*) {
    if (!handling || !in_kernel()) {  // not the kernel's: let it happen again, to whoever had the signal before
        for (int i = 0; i < 4; i++)
            if (SIGNALS[i] == signal) sigaction(signal, &previous[i], nullptr);
        return;
    }
    uintptr_t address = (uintptr_t)info->si_addr;
    if (signal == SIGFPE) abandon(CUDA_ERROR_LAUNCH_FAILED, "integer division by zero");
    if (signal == SIGILL) abandon(CUDA_ERROR_ILLEGAL_INSTRUCTION, "illegal instruction");
    if (on_stack(address)) abandon(CUDA_ERROR_LAUNCH_FAILED, "the thread's stack is full (64 KiB)");
    illegal_address(address, "");
}

FaultHandlers::FaultHandlers() {
    static thread_local char stack[64 << 10];
    stack_t own = {};
    own.ss_sp = stack;
    own.ss_size = sizeof stack;
    sigaltstack(&own, &previous_stack);
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    for (int i = 0; i < 4; i++) sigaction(SIGNALS[i], &action, &previous[i]);
    handling = true;
}

FaultHandlers::~FaultHandlers() {
    handling = false;
    for (int i = 0; i < 4; i++) sigaction(SIGNALS[i], &previous[i], nullptr);
    sigaltstack(&previous_stack, nullptr);
}

// ---- checks in the code: the layouts are those of the compiler's sanitizer interface ------------------------------

struct Source {
    const char* file;
    uint32_t line, column;
};
struct Type {
    uint16_t kind, info;
    char name[1];
};
struct Mismatch {
    Source source;
    const Type* type;
    unsigned char log_alignment, kind;
};
struct OutOfBounds {
    Source source;
    const Type *array, *index;
};
struct Overflow {
    Source source;
    const Type* type;
};

static std::string at(const Source& source) { return " at line " + std::to_string(source.line); }

// An index of up to 64 bits is passed by value, sign-extended or not as its type says.
static std::string index_text(const Type* type, uintptr_t value) {
    unsigned bits = 1u << (type->info >> 1);
    bool is_signed = type->info & 1;
    if (bits < 64) value &= (uintptr_t(1) << bits) - 1;
    if (is_signed && bits < 64 && value >> (bits - 1)) value |= ~uintptr_t(0) << bits;
    return is_signed ? std::to_string((intptr_t)value) : std::to_string(value);
}

}  // namespace softcuda

using namespace softcuda;

extern "C" {

void __ubsan_handle_type_mismatch_v1_abort(Mismatch* data, uintptr_t address) {
    char text[128];
    size_t alignment = size_t(1) << data->log_alignment;
    if (!address) abandon(CUDA_ERROR_ILLEGAL_ADDRESS, "illegal address: a null pointer" + at(data->source));
    snprintf(text, sizeof text, "misaligned address %p: %s needs a multiple of %zu", (void*)address, data->type->name,
             alignment);
    abandon(CUDA_ERROR_MISALIGNED_ADDRESS, text + at(data->source));
}

void __ubsan_handle_out_of_bounds_abort(OutOfBounds* data, uintptr_t index) {
    abandon(CUDA_ERROR_ILLEGAL_ADDRESS, "out of bounds: index " + index_text(data->index, index) + " of " +
                                            data->array->name + at(data->source));
}

void __ubsan_handle_divrem_overflow_abort(Overflow* data, uintptr_t, uintptr_t) {
    abandon(CUDA_ERROR_LAUNCH_FAILED, "integer division by zero, or overflow of one" + at(data->source));
}

}
