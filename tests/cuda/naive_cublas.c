// A libcublas with the few functions that ctorch calls, on the software device, whose memory is the host's: plain
// sums in column-major order. It refuses what cuBLAS refuses, and remembers what it was asked.
#include <complex.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { R_32F = 0, R_64F = 1, R_16F = 2, C_32F = 4, C_64F = 5, R_16BF = 14 };

int naive_calls, naive_batched, naive_compute, naive_handles, naive_math_mode, naive_fail;
void *naive_stream;

int cublasCreate_v2(void **handle) {
    *handle = malloc(1);
    naive_handles++;
    return OK;
}
int cublasDestroy_v2(void *handle) {
    free(handle);
    naive_handles--;
    return OK;
}
int cublasSetStream_v2(void *handle, void *stream) {
    (void)handle;
    naive_stream = stream;
    return OK;
}
int cublasSetMathMode(void *handle, int mode) {
    (void)handle;
    naive_math_mode = mode;
    return OK;
}

static double complex get(const void *data, int type, long long i) {
    unsigned bits;
    float x;
    switch (type) {
    case R_32F: return ((const float *)data)[i];
    case R_64F: return ((const double *)data)[i];
    case R_16F: return (float)((const _Float16 *)data)[i];
    case C_32F: return ((const float complex *)data)[i];
    case C_64F: return ((const double complex *)data)[i];
    default:
        bits = (unsigned)((const unsigned short *)data)[i] << 16;
        memcpy(&x, &bits, 4);
        return x;
    }
}

static void put(void *data, int type, long long i, double complex value) {
    float x = (float)creal(value);
    unsigned bits;
    switch (type) {
    case R_32F: ((float *)data)[i] = x; break;
    case R_64F: ((double *)data)[i] = creal(value); break;
    case R_16F: ((_Float16 *)data)[i] = (_Float16)x; break;
    case C_32F: ((float complex *)data)[i] = (float complex)value; break;
    case C_64F: ((double complex *)data)[i] = value; break;
    default:
        memcpy(&bits, &x, 4);
        bits += 0x7fff + (bits >> 16 & 1);
        ((unsigned short *)data)[i] = (unsigned short)(bits >> 16);
    }
}

static int least(int transposed, int rows, int columns) { return transposed ? columns : rows; }

int cublasGemmStridedBatchedEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                               int a_type, int lda, long long a_stride, const void *b, int b_type, int ldb,
                               long long b_stride, const void *beta, void *c, int c_type, int ldc,
                               long long c_stride, int batch, int compute, int algorithm) {
    int is_double = c_type == R_64F || c_type == C_64F;
    // the scalars have the compute type, complex where the matrices are
    int scale = c_type == C_32F || c_type == C_64F ? c_type : is_double ? R_64F : R_32F;
    (void)handle;
    naive_calls++;
    naive_batched += batch > 1;
    naive_compute = compute;
    if (naive_fail) return naive_fail;
    if (a_type != c_type || b_type != c_type || (compute == 70) != is_double || algorithm != -1) return NOT_SUPPORTED;
    if (m < 1 || n < 1 || k < 1 || ta < 0 || ta > 1 || tb < 0 || tb > 1) return INVALID_VALUE;
    if (lda < least(ta, m, k) || ldb < least(tb, k, n) || ldc < m) return INVALID_VALUE;
    for (int z = 0; z < batch; z++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++) {
                double complex sum = 0, old = get(beta, scale, 0);
                for (int l = 0; l < k; l++)
                    sum += get(a, a_type, z * a_stride + (ta ? l + (long long)i * lda : i + (long long)l * lda)) *
                           get(b, b_type, z * b_stride + (tb ? j + (long long)l * ldb : l + (long long)j * ldb));
                sum *= get(alpha, scale, 0);
                long long place = z * c_stride + i + (long long)j * ldc;
                put(c, c_type, place, old == 0 ? sum : sum + old * get(c, c_type, place));
            }
    return OK;
}

int cublasGemmEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int a_type,
                 int lda, const void *b, int b_type, int ldb, const void *beta, void *c, int c_type, int ldc,
                 int compute, int algorithm) {
    return cublasGemmStridedBatchedEx(handle, ta, tb, m, n, k, alpha, a, a_type, lda, 0, b, b_type, ldb, 0, beta, c,
                                      c_type, ldc, 0, 1, compute, algorithm);
}
