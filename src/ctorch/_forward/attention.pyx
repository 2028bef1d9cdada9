"""Attention and connectionist temporal classification: shapes and dtypes around their kernels."""
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from ctorch._dispatch cimport cast_to, contiguous
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.attention cimport *
from ctorch._kernels.ctc cimport *
from ctorch._tensor cimport *

cdef AttentionKernels* attention_kernels = NULL
cdef CtcKernels* ctc_kernels = NULL


cdef AttentionKernels* load_attention() except NULL:
    global attention_kernels
    if attention_kernels == NULL:
        attention_kernels = <AttentionKernels*>kernel_table("attention")
    return attention_kernels


cdef CtcKernels* load_ctc() except NULL:
    global ctc_kernels
    if ctc_kernels == NULL:
        ctc_kernels = <CtcKernels*>kernel_table("ctc")
    return ctc_kernels

# ---- attention: query (heads, queries, depth), key (heads / n, keys, depth), value (heads / n, keys, width)


cdef int fill_attention(Attention* a, TensorBase q, TensorBase k, TensorBase v, bint causal, double scale) except -1:
    if q.shape[2] != k.shape[2] or k.shape[1] != v.shape[1]:
        raise RuntimeError("scaled_dot_product_attention: expected keys as deep as queries and a value for each key, "
                           f"got query of shape {list(shape_tuple(q))}, key of shape {list(shape_tuple(k))} and value "
                           f"of shape {list(shape_tuple(v))}")
    memset(a, 0, sizeof(Attention))
    a.heads, a.queries, a.depth = q.shape[0], q.shape[1], q.shape[2]
    a.keys, a.width = v.shape[1], v.shape[2]
    a.share = q.shape[0] // k.shape[0] if k.shape[0] else 1
    a.causal, a.scale = causal, scale
    a.q, a.k, a.v = q.data, k.data, v.data
    return 0


cdef object attention_forward(TensorBase query, TensorBase key, TensorBase value, bint causal, double scale):
    cdef int dtype = float_compute(query, b"scaled_dot_product_attention")
    cdef Attention a
    cdef int64_t shape[3]
    cdef TensorBase q = dense(query, dtype), k = dense(key, dtype), v = dense(value, dtype), y, lse
    fill_attention(&a, q, k, v, causal, scale)
    shape[0], shape[1], shape[2] = a.heads, a.queries, a.width
    y, lse = tensor_empty(dtype, 3, shape), tensor_empty(dtype, 2, shape)
    a.y, a.lse = y.data, lse.data
    cdef AttentionKernels* kernels = load_attention()
    with nogil:
        kernels.forward[row_of(dtype)](&a)
    kernel_error(a.code, "scaled_dot_product_attention")
    return cast_to(y, query.dtype), lse


cdef object attention_backward_forward(TensorBase grad, TensorBase query, TensorBase key, TensorBase value,
                                       TensorBase output, TensorBase lse, bint causal, double scale):
    """Gradients of query, key and value."""
    cdef int dtype = float_compute(query, b"scaled_dot_product_attention")
    cdef Attention a
    cdef TensorBase q = dense(query, dtype), k = dense(key, dtype), v = dense(value, dtype), g = dense(grad, dtype)
    cdef TensorBase y = dense(output, dtype), sizes = contiguous(lse), gq, gk, gv
    fill_attention(&a, q, k, v, causal, scale)
    gq, gk = tensor_empty(dtype, 3, q.shape), tensor_empty(dtype, 3, k.shape)
    gv = tensor_empty(dtype, 3, v.shape)
    a.y, a.lse, a.g, a.gq, a.gk, a.gv = y.data, sizes.data, g.data, gq.data, gk.data, gv.data
    cdef AttentionKernels* kernels = load_attention()
    with nogil:
        kernels.backward[row_of(dtype)](&a)
    kernel_error(a.code, "scaled_dot_product_attention")
    return cast_to(gq, query.dtype), cast_to(gk, key.dtype), cast_to(gv, value.dtype)

# ---- connectionist temporal classification: x (times, batch, classes)


cdef int64_t* fill_ctc(Ctc* c, TensorBase x, TensorBase targets, object input_lengths, object target_lengths,
                       int64_t blank) except NULL:
    cdef int64_t i, at = 0, longest = 0
    cdef int64_t* block
    memset(c, 0, sizeof(Ctc))
    c.times, c.batch, c.classes, c.blank = x.shape[0], x.shape[1], x.shape[2], blank
    block = <int64_t*>malloc((3 * c.batch + 1) * sizeof(int64_t))
    if block == NULL:
        raise MemoryError("ctc_loss: out of memory for its lengths")
    for i in range(c.batch):
        block[i] = at if targets.ndim == 1 else i * targets.shape[1]
        block[c.batch + i], block[2 * c.batch + i] = target_lengths[i], input_lengths[i]
        at += target_lengths[i]
        longest = max(longest, target_lengths[i])
    c.offset, c.target_length, c.input_length = block, block + c.batch, block + 2 * c.batch
    c.states = 2 * longest + 1
    c.targets, c.x = <const int64_t*>targets.data, x.data
    return block


cdef object ctc_loss_forward(TensorBase x, TensorBase targets, object input_lengths, object target_lengths,
                             int64_t blank, bint zero_infinity):
    cdef int dtype = float_compute(x, b"ctc_loss")
    cdef Ctc c
    cdef int64_t shape[3]
    cdef TensorBase a = dense(x, dtype), t = dense(targets, INT64), loss, alpha
    cdef int64_t* block = fill_ctc(&c, a, t, input_lengths, target_lengths, blank)
    shape[0], shape[1], shape[2] = c.batch, c.times, c.states
    loss, alpha = tensor_empty(dtype, 1, shape), tensor_empty(dtype, 3, shape)
    c.loss, c.alpha = loss.data, alpha.data
    cdef CtcKernels* kernels = load_ctc()
    with nogil:
        kernels.forward[row_of(dtype)](&c)
    free(block)
    return cast_to(loss, x.dtype), alpha


cdef TensorBase ctc_loss_backward_forward(TensorBase grad, TensorBase x, TensorBase targets, TensorBase loss,
                                          TensorBase alpha, object input_lengths, object target_lengths,
                                          int64_t blank, bint zero_infinity):
    cdef int dtype = float_compute(x, b"ctc_loss")
    cdef Ctc c
    cdef TensorBase a = dense(x, dtype), t = dense(targets, INT64), g = dense(grad, dtype), gx
    cdef TensorBase total = dense(loss, dtype), paths = contiguous(alpha)
    cdef int64_t* block = fill_ctc(&c, a, t, input_lengths, target_lengths, blank)
    gx = tensor_empty(dtype, 3, a.shape)
    c.states = alpha.shape[2]
    c.loss, c.alpha, c.g, c.gx, c.zero_infinity = total.data, paths.data, g.data, gx.data, zero_infinity
    cdef CtcKernels* kernels = load_ctc()
    with nogil:
        kernels.backward[row_of(dtype)](&c)
    free(block)
    kernel_error(c.code, "ctc_loss")
    return cast_to(gx, x.dtype)
