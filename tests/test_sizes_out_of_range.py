"""Sizes, steps and lengths that no memory has, or that do not belong together, are refused before a kernel reads."""
import pytest

import ctorch
import ctorch.nn.functional as F

HUGE = 1 << 62
IMAGE = ctorch.ones(1, 2, 4, 4)
CALLS = {
    "adaptive_avg_pool1d": lambda: F.adaptive_avg_pool1d(IMAGE[0], HUGE),
    "adaptive_avg_pool2d": lambda: F.adaptive_avg_pool2d(IMAGE, (HUGE, 1)),
    "adaptive_max_pool2d": lambda: F.adaptive_max_pool2d(IMAGE, (HUGE, 1)),
    "adaptive_max_pool3d": lambda: F.adaptive_max_pool3d(IMAGE, (1, HUGE, 1)),
    "max_pool2d": lambda: F.max_pool2d(IMAGE, HUGE, padding=HUGE // 2),
    "max_pool3d": lambda: F.max_pool3d(IMAGE, HUGE, padding=HUGE // 2),
    "max_pool2d, dilation": lambda: F.max_pool2d(IMAGE, 5, dilation=HUGE),
    "avg_pool2d": lambda: F.avg_pool2d(IMAGE, 2, stride=-HUGE),
    "conv2d": lambda: F.conv2d(IMAGE, ctorch.ones(1, 2, 3, 3), padding=HUGE),
    "conv_transpose2d": lambda: F.conv_transpose2d(IMAGE, ctorch.ones(2, 1, 3, 3), stride=HUGE),
    "unfold": lambda: F.unfold(IMAGE, HUGE, padding=HUGE),
    "interpolate": lambda: F.interpolate(IMAGE, (HUGE, 2)),
    "interpolate, one number": lambda: F.interpolate(IMAGE, (1 << 63) - 1, mode="bilinear"),
    "interpolate, cubic": lambda: F.interpolate(IMAGE, (4, HUGE), mode="bicubic"),
    "attention, values": lambda: F.scaled_dot_product_attention(*(ctorch.ones(2, n, 8) for n in (3, 6, 12))),
    "attention, depths": lambda: F.scaled_dot_product_attention(ctorch.ones(2, 3, 8), ctorch.ones(2, 3, 5),
                                                                ctorch.ones(2, 3, 8)),
    "lu_unpack": lambda: ctorch.lu_unpack(ctorch.ones(5), ctorch.ones(5, dtype=ctorch.int32)),
    "histogramdd": lambda: ctorch.histogramdd(ctorch.ones(5, 2), [3, 3], weight=ctorch.ones(3)),
    "ctc_loss": lambda: F.ctc_loss(ctorch.zeros(5, 2, 4), ctorch.ones(0, 2, dtype=ctorch.int64), [5, 4], [2, 1]),
    "tril_indices": lambda: ctorch.tril_indices(HUGE, 21),
    "numel, of a view": lambda: ctorch.ones(1, 2).expand(HUGE, 2),
    "numel, of powers": lambda: ctorch.vander(ctorch.ones(3), HUGE),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused(name):
    with pytest.raises((RuntimeError, ValueError), match=name.split(",")[0].split("_")[-1].rstrip("123d")):
        CALLS[name]()


def test_one_running_statistic():
    x, mean = ctorch.randn(4, 3), ctorch.zeros(3)
    F.batch_norm(x, mean, None, training=True, momentum=1.0)
    assert ctorch.allclose(mean, x.mean(0), atol=1e-6)
    F.instance_norm(x.reshape(1, 4, 3), ctorch.zeros(4), use_input_stats=True)
