# Elements as unsigned keys in the same order: signed numbers with their sign turned, floats by their bits, with NaN
# above everything and both zeros equal. Turning all bits of a key (flip) turns the order.
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum KeyKind:
    KEY_UNSIGNED = 0
    KEY_SIGNED
    KEY_FLOAT

ctypedef fused word:
    uint8_t
    uint16_t
    uint32_t
    uint64_t


cdef inline word key_of(word bits, int kind, word inf, word flip) noexcept nogil:
    cdef word top = <word>1 << (8 * sizeof(word) - 1)
    if kind == KEY_UNSIGNED:
        return bits ^ flip
    if kind == KEY_SIGNED:
        return bits ^ top ^ flip
    if <word>(bits & <word>~top) > inf:
        return <word>~<word>0 ^ flip
    if bits == top:
        bits = 0
    return (<word>~bits if bits & top else bits | top) ^ flip


cdef inline word bits_of(word key, int kind, word flip) noexcept nogil:
    cdef word top = <word>1 << (8 * sizeof(word) - 1)
    key ^= flip
    if kind == KEY_UNSIGNED:
        return key
    if kind == KEY_SIGNED:
        return key ^ top
    return key ^ top if key & top else <word>~key


cdef inline bint many_bits(word key, int kind, word flip) noexcept nogil:
    """Whether values of different bits share the key: the zeros, and NaN."""
    cdef word top = <word>1 << (8 * sizeof(word) - 1)
    key ^= flip
    return kind == KEY_FLOAT and (key == top or key == <word>~<word>0)


cdef inline int bit_length(uint64_t x) noexcept nogil:
    cdef int n = 0
    while x:
        x >>= 1
        n += 1
    return n
