/* A line of memory as a typed memoryview on the stack: borrowed, without the GIL, in a few nanoseconds. */
#pragma once
#define CT_LINE(p, n, stride) \
    ((__Pyx_memviewslice){(struct __pyx_memoryview_obj *)Py_None, (char *)(p), {(n)}, {(stride)}, {-1}})
