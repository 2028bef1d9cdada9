# Stack memoryviews of contiguous memory: view1_f32(p, n), view2_f64(p, rows, n), ... (memview.h).
# A module that uses them declares at least one typed memoryview, as their C type comes with that.
cdef extern from "memview.h" nogil:
    float[::1] view1_f32 "CT_VIEW1" (float* p, Py_ssize_t n)
    double[::1] view1_f64 "CT_VIEW1" (double* p, Py_ssize_t n)
    float[:, ::1] view2_f32 "CT_VIEW2" (float* p, Py_ssize_t rows, Py_ssize_t n)
    double[:, ::1] view2_f64 "CT_VIEW2" (double* p, Py_ssize_t rows, Py_ssize_t n)
    float[:, :, ::1] view3_f32 "CT_VIEW3" (float* p, Py_ssize_t planes, Py_ssize_t rows, Py_ssize_t n)
    double[:, :, ::1] view3_f64 "CT_VIEW3" (double* p, Py_ssize_t planes, Py_ssize_t rows, Py_ssize_t n)
    const float[::1] const_view1_f32 "CT_VIEW1" (const float* p, Py_ssize_t n)
    const double[::1] const_view1_f64 "CT_VIEW1" (const double* p, Py_ssize_t n)
    const float[:, ::1] const_view2_f32 "CT_VIEW2" (const float* p, Py_ssize_t rows, Py_ssize_t n)
    const double[:, ::1] const_view2_f64 "CT_VIEW2" (const double* p, Py_ssize_t rows, Py_ssize_t n)
    const float[:, :, ::1] const_view3_f32 "CT_VIEW3" (const float* p, Py_ssize_t planes, Py_ssize_t rows,
                                                       Py_ssize_t n)
    const double[:, :, ::1] const_view3_f64 "CT_VIEW3" (const double* p, Py_ssize_t planes, Py_ssize_t rows,
                                                        Py_ssize_t n)
