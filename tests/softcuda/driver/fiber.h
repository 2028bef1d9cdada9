// Switching between stacks: a few instructions on x86-64, the C library's contexts elsewhere.
#pragma once
#include <cstddef>

#if defined(__x86_64__)

struct FiberState {
    void* stack_pointer;
};

extern "C" void softcuda_switch(void** save, void* restore);
__asm__(R"(
    .text
    .p2align 4
    .hidden softcuda_switch
    .globl softcuda_switch
    .type softcuda_switch, @function
softcuda_switch:
    push %rbp
    push %rbx
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, (%rdi)
    mov %rsi, %rsp
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbx
    pop %rbp
    ret
    .size softcuda_switch, . - softcuda_switch
)");

// The first switch pops six registers and returns into `entry`, on a stack aligned as after a call.
static inline void prepare_fiber(FiberState& state, char* stack, size_t size, void (*entry)()) {
    void** top = (void**)(stack + size);
    *--top = nullptr;
    *--top = (void*)entry;
    for (int i = 0; i < 6; i++) *--top = nullptr;
    state.stack_pointer = top;
}

static inline void switch_fiber(FiberState& from, FiberState& to) {
    softcuda_switch(&from.stack_pointer, to.stack_pointer);
}

#else
#include <ucontext.h>

struct FiberState {
    ucontext_t context;
};

static inline void prepare_fiber(FiberState& state, char* stack, size_t size, void (*entry)()) {
    getcontext(&state.context);
    state.context.uc_stack.ss_sp = stack;
    state.context.uc_stack.ss_size = size;
    state.context.uc_link = nullptr;
    makecontext(&state.context, entry, 0);
}

static inline void switch_fiber(FiberState& from, FiberState& to) { swapcontext(&from.context, &to.context); }

#endif
