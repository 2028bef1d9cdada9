"""Samples of attention."""
from samples import Sample, plain, real, samples, truth


@samples("nn.functional.scaled_dot_product_attention")
def attention():
    yield Sample(real(2, 3, 2), real(2, 4, 2), real(2, 4, 2))
    yield Sample(real(1, 2, 3, 2), real(1, 2, 3, 2), real(1, 2, 3, 2), is_causal=True)
    yield Sample(real(2, 3, 2), real(2, 4, 2), real(2, 4, 3), attn_mask=plain(3, 4), scale=0.7)
    yield Sample(real(1, 4, 2, 2), real(1, 2, 3, 2), real(1, 2, 3, 2), enable_gqa=True)
    mask = truth(3, 4)
    mask[:, 0] = True
    yield Sample(real(1, 3, 2), real(1, 4, 2), real(1, 4, 2), attn_mask=mask)
