// dtypes: float32 float64 float16 bfloat16 complex64 complex128 uint8 int8 int16 int32 int64
//
// C[i] = A[i] @ B[i] + bias for a batch of matrices. A is m x k, B k x n, with any strides, so transposed and
// expanded operands are read where they are; C is contiguous. bias is one element per column, or null.
//
// A block makes a square tile of C: 16 x 16 threads with PER x PER elements each, which are 16 apart so that
// neighbours read neighbouring words of shared memory.
#include "common.cuh"

const int SIDE = 16;  // threads in each direction
const int DEPTH = 16; // of k that a tile of A and B spans

struct Operand {
    const store_t* data;
    i64 batch, row, col; // strides
};

// One tile of an operand into shared memory, zeros outside it. `major` runs along m or n, `minor` along k.
template <int TILE>
CT_DEVICE void load_tile(real_t (*tile)[TILE + 1], const store_t* data, i64 major_stride, i64 minor_stride,
                         i64 major_start, i64 major_size, i64 minor_start, i64 minor_size) {
    int thread = threadIdx.y * SIDE + threadIdx.x;
    bool along_minor = minor_stride == 1; // neighbouring threads read neighbouring elements
#pragma unroll 2
    for (int e = thread; e < TILE * DEPTH; e += SIDE * SIDE) {
        int i = along_minor ? e / DEPTH : e % TILE, k = along_minor ? e % DEPTH : e / TILE;
        i64 major = major_start + i, minor = minor_start + k;
        bool inside = major < major_size && minor < minor_size;
        tile[k][i] = inside ? (real_t)widen(data[major * major_stride + minor * minor_stride]) : (real_t)0;
    }
}

template <int PER>
CT_DEVICE void matmul_tile(Operand a, Operand b, store_t* c, const store_t* bias, i64 bias_stride, i64 batch, i64 m,
                           i64 n, i64 k) {
    const int TILE = SIDE * PER;
    typedef real_t Row[TILE + 1]; // one element more, so that columns are in different banks
    CT_SHARED(Row, a_tile, DEPTH);
    CT_SHARED(Row, b_tile, DEPTH);
    i64 columns = ceil_div(n, TILE), row = blockIdx.x / columns * TILE, column = blockIdx.x % columns * TILE;
    for (i64 matrix = blockIdx.z; matrix < batch; matrix += gridDim.z) {
        real_t sum[PER][PER];
        for (int i = 0; i < PER; i++)
            for (int j = 0; j < PER; j++) sum[i][j] = (real_t)0;
        for (i64 start = 0; start < k; start += DEPTH) {
            load_tile<TILE>(a_tile, a.data + matrix * a.batch, a.row, a.col, row, m, start, k);
            load_tile<TILE>(b_tile, b.data + matrix * b.batch, b.col, b.row, column, n, start, k);
            __syncthreads();
#pragma unroll 2
            for (int d = 0; d < DEPTH; d++) {
                real_t left[PER], right[PER];
                for (int i = 0; i < PER; i++) left[i] = a_tile[d][threadIdx.y + i * SIDE];
                for (int j = 0; j < PER; j++) right[j] = b_tile[d][threadIdx.x + j * SIDE];
                for (int i = 0; i < PER; i++)
                    for (int j = 0; j < PER; j++) sum[i][j] += left[i] * right[j];
            }
            __syncthreads();
        }
        store_t* out = c + (matrix * m + row + threadIdx.y) * n + column + threadIdx.x;
        int rows = (int)least(m - row - threadIdx.y, (i64)TILE);
        int width = (int)least(n - column - threadIdx.x, (i64)TILE);
        for (int j = 0; j < PER; j++) {
            if (j * SIDE >= width) break;
            real_t shift = bias ? (real_t)widen(bias[(column + threadIdx.x + j * SIDE) * bias_stride]) : (real_t)0;
            for (int i = 0; i < PER; i++)
                if (i * SIDE < rows) out[i * SIDE * n + j * SIDE] = narrow<store_t>(sum[i][j] + shift);
        }
    }
}

// Tiles of 64 x 64.
extern "C" __global__ void __launch_bounds__(256)
    ct_matmul(const store_t* a, i64 a_batch, i64 a_row, i64 a_col, const store_t* b, i64 b_batch, i64 b_row, i64 b_col,
              store_t* c, const store_t* bias, i64 bias_stride, i64 batch, i64 m, i64 n, i64 k) {
    Operand left = {a, a_batch, a_row, a_col}, right = {b, b_batch, b_row, b_col};
    matmul_tile<4>(left, right, c, bias, bias_stride, batch, m, n, k);
}

// Tiles of 128 x 128, for large products of elements of up to 8 bytes; wider ones would not fit shared memory.
extern "C" __global__ void __launch_bounds__(256)
    ct_matmul_large(const store_t* a, i64 a_batch, i64 a_row, i64 a_col, const store_t* b, i64 b_batch, i64 b_row,
                    i64 b_col, store_t* c, const store_t* bias, i64 bias_stride, i64 batch, i64 m, i64 n, i64 k) {
    Operand left = {a, a_batch, a_row, a_col}, right = {b, b_batch, b_row, b_col};
    matmul_tile<(sizeof(real_t) <= 8 ? 8 : 4)>(left, right, c, bias, bias_stride, batch, m, n, k);
}
