/* Typed memoryviews over raw pointers, made on the stack in a few ns and without the GIL.
   They own nothing: a kernel reads and writes through them and lets them go. */
#ifndef CTORCH_MEMVIEW_H
#define CTORCH_MEMVIEW_H

#define CT_OWNER ((struct __pyx_memoryview_obj *)Py_None)

#define CT_VIEW1(p, n) \
    ((__Pyx_memviewslice){CT_OWNER, (char *)(p), {(n)}, {sizeof(*(p))}, {-1}})
#define CT_VIEW2(p, rows, n) \
    ((__Pyx_memviewslice){CT_OWNER, (char *)(p), {(rows), (n)}, \
                          {(Py_ssize_t)sizeof(*(p)) * (n), sizeof(*(p))}, {-1, -1}})
#define CT_VIEW3(p, planes, rows, n) \
    ((__Pyx_memviewslice){CT_OWNER, (char *)(p), {(planes), (rows), (n)}, \
                          {(Py_ssize_t)sizeof(*(p)) * (n) * (rows), (Py_ssize_t)sizeof(*(p)) * (n), sizeof(*(p))}, \
                          {-1, -1, -1}})

#endif
