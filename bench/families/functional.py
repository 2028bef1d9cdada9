"""nn.functional: softmax, normalizations, windows, losses, resampling, embedding, attention; forward and backward."""
from .case import LAYOUTS, SHAPES, Case, Input, matrix, over

ROWS = ["F.softmax(x, -1)", "F.softmax(x, 0)", "F.log_softmax(x, -1)", "F.log_softmax(x, 0)",
        "F.layer_norm(x, x.shape[-1:])", "F.rms_norm(x, x.shape[-1:])", "F.normalize(x)", "F.glu(x)",
        "F.softmin(x, -1)", "F.hardshrink(x)", "F.softshrink(x)", "F.celu(x)", "F.selu(x)", "F.relu6(x)",
        "F.softsign(x)", "F.tanhshrink(x)", "F.cosine_similarity(x, y)", "F.pairwise_distance(x, y)"]
LOSSES = ["F.mse_loss(x, y)", "F.l1_loss(x, y)", "F.smooth_l1_loss(x, y)", "F.huber_loss(x, y)",
          "F.cross_entropy(x, label)", "F.cross_entropy(x, y)", "F.nll_loss(x, label)",
          "F.binary_cross_entropy(p, q)", "F.kl_div(x, p, reduction='batchmean')",
          "F.binary_cross_entropy_with_logits(x, q)",
          "F.poisson_nll_loss(x, p)", "F.soft_margin_loss(x, y)", "F.gaussian_nll_loss(x, y, p)",
          "F.cosine_embedding_loss(x, y, sign)", "F.multi_margin_loss(x, label)", "F.triplet_margin_loss(x, y, p)",
          "F.hinge_embedding_loss(x, y)", "F.multilabel_soft_margin_loss(x, q)"]
IMAGES = {1_000: (1, 4, 16, 16), 100_000: (8, 16, 28, 28), 1_000_000: (16, 16, 64, 64)}
WINDOWS = ["F.conv2d(x, w)", "F.conv2d(x, w, padding=1, stride=2)", "F.conv2d(x, one)",
           "F.conv2d(x, deep, padding=1, groups=x.shape[1])", "F.conv_transpose2d(x, w)", "F.max_pool2d(x, 2)",
           "F.max_pool2d(x, 3, 2, 1)", "F.avg_pool2d(x, 2)", "F.adaptive_avg_pool2d(x, 1)",
           "F.adaptive_avg_pool2d(x, 5)", "F.adaptive_max_pool2d(x, 5)", "F.unfold(x, 3)", "F.lp_pool2d(x, 2, 2)",
           "F.pixel_shuffle(x, 2)", "F.pixel_unshuffle(x, 2)", "F.batch_norm(x, m, v, training=True)",
           "F.batch_norm(x, m, v)", "F.group_norm(x, 2)", "F.instance_norm(x)", "F.interpolate(x, scale_factor=2)",
           "F.interpolate(x, scale_factor=2, mode='bilinear')", "F.interpolate(x, scale_factor=2, mode='bicubic')",
           "F.interpolate(x, scale_factor=0.5, mode='area')",
           "F.interpolate(x, scale_factor=0.5, mode='bilinear', antialias=True)", "F.local_response_norm(x, 3)",
           "F.channel_shuffle(x, 2)", "F.dropout2d(x)", "F.conv1d(x[:, :, 0], w[:, :, 0])",
           "F.max_pool1d(x[:, :, 0], 2)", "F.avg_pool1d(x[:, :, 0], 2)", "F.conv3d(x[:, None], w[:, :1, None])",
           "F.max_pool3d(x[:, None], 2)", "F.avg_pool3d(x[:, None], 2)", "F.grid_sample(x, g, align_corners=False)",
           "F.pad(x, (1, 1, 1, 1), mode='reflect')"]
ATTENTION = ["F.scaled_dot_product_attention(q, k, v)", "F.scaled_dot_product_attention(q, k, v, is_causal=True)"]
LOOKUPS = ["F.embedding(words, table)", "F.embedding_bag(words, table)", "F.embedding_bag(bags, table)",
           "F.embedding_bag(bags, table, mode='max')",
           "F.embedding_bag(bags, table, mode='sum', per_sample_weights=shares)", "F.one_hot(words, 1000)",
           "F.linear(rows, table)", "F.bilinear(rows, rows, cube)"]
BACKWARD = ["F.softmax(x, -1).sum().backward()", "F.layer_norm(x, x.shape[-1:]).sum().backward()",
            "F.cross_entropy(x, label).backward()", "x.exp().sum().backward()", "(x * x).mean().backward()",
            "F.gelu(x).sum().backward()", "x.cumsum(0).sum().backward()", "x.sort().values.sum().backward()",
            "x.var(-1).sum().backward()", "x.amax(-1).sum().backward()", "(x @ x.t()[:, :40]).sum().backward()",
            "torch.cat([x, x]).sum().backward()", "x[rows].sum().backward()", "torch.logsumexp(x, -1).sum().backward()"]
IMAGE_BACKWARD = ["F.conv2d(x, w).sum().backward()", "F.max_pool2d(x, 2).sum().backward()",
                  "F.avg_pool2d(x, 2).sum().backward()", "F.batch_norm(x, m, v, training=True).sum().backward()",
                  "F.interpolate(x, scale_factor=2, mode='bilinear').sum().backward()"]


def two(size, layout):
    rows, columns = SHAPES[size]
    return {"x": matrix(size, layout=layout), "y": matrix(size, layout=layout, seed=1, low=0.0, high=1.0),
            "p": matrix(size, low=0.1, high=0.9), "q": matrix(size, low=0.1, high=0.9, seed=1),
            "label": Input((rows,), 0, columns, "int64"), "sign": Input((rows,), 1, 2, "int64")}


def images(size, layout):
    shape = IMAGES[size]
    channels = shape[1]
    return {"x": Input(shape, layout=layout), "w": Input((channels, channels, 3, 3), -1, 1), "one": Input((32,
                                                                                                           channels,
                                                                                                           1, 1), -1,
                                                                                                           1),
            "deep": Input((channels, 1, 3, 3), -1, 1), "m": Input((channels,), -1, 1), "v": Input((channels,), 0.5, 1),
            "g": Input((shape[0], shape[2], shape[3], 2), -1, 1)}


def leaf(make, size):
    """The same inputs, of which x wants a gradient; the gradient is let go, as an optimizer does."""
    def values(torch):
        x = make(size, "contiguous")["x"].tensor(torch)
        x.requires_grad_()
        return {"x": x, "rows": torch.arange(0, x.shape[0], 2)}
    return values


def cases():
    yield from over("functional", ROWS, two, layouts=LAYOUTS)
    yield from over("losses", LOSSES, two, layouts=("contiguous", "transposed"))
    yield from over("windows and norms", WINDOWS, images, sizes=IMAGES, layouts=("contiguous", "transposed"))
    for size, shape in {1_000: (1, 2, 16, 32), 100_000: (2, 4, 128, 64), 1_000_000: (4, 8, 512, 64)}.items():
        given = {name: Input(shape, -1, 1, seed=seed) for seed, name in enumerate("qkv")}
        for text in ATTENTION:
            yield Case("attention and lookups", text, given, size)
    for size, count in {1_000: 16, 100_000: 1024, 1_000_000: 8192}.items():
        given = {"words": Input((count, 1), 0, 1000, "int64"), "table": Input((1000, 64), -1, 1),
                 "bags": Input((count // 16, 16), 0, 1000, "int64"), "shares": Input((count // 16, 16), 0, 1),
                 "rows": Input((min(count, 1024), 64), -1, 1), "cube": Input((8, 64, 64), -1, 1)}
        for text in LOOKUPS:
            yield Case("attention and lookups", text, given, size)
    for size in (1_000, 100_000, 10_000_000):
        yield from over("backward", BACKWARD, lambda size, layout: {key: source for key, source in two(size,
                                                                                                       layout).items()
                                                                                                       if key != "x"},
                        sizes=(size,), values=leaf(two, size))
    for size in IMAGES:
        yield from over("backward", IMAGE_BACKWARD,
                        lambda size, layout: {key: source for key, source in images(size, layout).items()
                                              if key != "x"},
                        sizes=(size,), values=leaf(images, size))
