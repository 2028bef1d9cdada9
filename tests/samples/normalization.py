"""Samples of softmax, of normalisation and of dropout."""
import ctorch
from samples import Sample, complexes, plain, real, samples, strided


@samples("softmax", "log_softmax")
def softmax():
    yield Sample(real(2, 3), 1)
    yield Sample(real(2, 3), 0)
    yield Sample(real(2, 3, 2), -2)
    yield Sample(strided(real, 3, 2), 1)
    yield Sample(real(), 0)
    yield Sample(real(0, 2), 1)
    yield Sample(real(2, 3), 1, dtype=ctorch.float64).alone()


def statistics(n):
    return plain(n), plain(n, low=0.5)


@samples("batch_norm", "nn.functional.batch_norm")
def batch_norm(name):
    for shape in ((4, 2), (2, 2, 3), (2, 2, 2, 2)):
        yield Sample(real(*shape), *statistics(2), real(2), real(2), True, 0.1, 1e-3).by(batch_normed)
        yield Sample(real(*shape), *statistics(2), real(2), real(2), False, 0.1, 1e-3).by(batch_normed)
    yield Sample(real(3, 2), None, None, None, None, True, 0.1, 1e-3).by(batch_normed)
    yield Sample(strided(real, 3, 2), None, None, real(2), None, True, 0.1, 1e-3).by(batch_normed)


def batch_normed(x, mean, var, weight, bias, training, momentum, eps):
    """The running statistics change, so each call has copies."""
    mean, var = (None if s is None else s.clone() for s in (mean, var))
    module = ctorch if isinstance(x, ctorch.Tensor) else __import__("torch")
    return module.nn.functional.batch_norm(x, mean, var, weight, bias, training, momentum, eps)


@samples("instance_norm", "nn.functional.instance_norm")
def instance_norm(name):
    yield Sample(real(2, 2, 3), weight=real(2), bias=real(2)).by("nn.functional.instance_norm")
    yield Sample(real(2, 2, 2, 2)).by("nn.functional.instance_norm")


@samples("layer_norm", "nn.functional.layer_norm")
def layer_norm():
    yield Sample(real(2, 3), (3,), real(3), real(3))
    yield Sample(real(2, 2, 3), (2, 3))
    yield Sample(real(2, 3), (3,), real(3))
    yield Sample(real(2, 3), (3,), None, real(3))
    yield Sample(strided(real, 3, 2), (2,), real(2), real(2))
    yield Sample(real(3), (3,), real(3))


@samples("group_norm", "nn.functional.group_norm")
def group_norm():
    yield Sample(real(2, 4, 2), 2, real(4), real(4))
    yield Sample(real(2, 2, 2, 2), 1)


@samples("rms_norm", "nn.functional.rms_norm")
def rms_norm():
    yield Sample(real(2, 3), (3,), real(3))
    yield Sample(real(2, 2, 3), (2, 3))
    yield Sample(complexes(2, 3), (3,)).alone()


def seeded(name):
    def function(x, p, train):
        ctorch.manual_seed(5)
        return getattr(ctorch, name)(x, p, train)
    return function


@samples("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
def dropout(name):
    yield Sample(real(2, 3, 2), 0.4, True).by(seeded(name)).alone()
    yield Sample(real(2, 3, 2), 0.4, False)
    yield Sample(real(2, 3, 2), 0.0, True)
    yield Sample(real(2, 3, 2), 1.0, True)


@samples("nn.functional.normalize")
def normalize():
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), p=1.0, dim=0)


@samples("nn.functional.local_response_norm")
def local_response_norm():
    yield Sample(real(2, 4, 2), 2)


@samples("nn.functional.softmin")
def softmin():
    yield Sample(real(2, 3), 1)


@samples("nn.functional.glu")
def glu():
    yield Sample(real(2, 4))


@samples("nn.functional.gelu")
def gelu():
    yield Sample(real(2, 3))
    yield Sample(real(2, 3), approximate="tanh")


@samples("nn.functional.relu6", "nn.functional.selu", "nn.functional.celu", "nn.functional.softsign",
         "nn.functional.tanhshrink", "nn.functional.hardshrink", "nn.functional.softshrink",
         "nn.functional.logsigmoid")
def activation():
    yield Sample(real(2, 3))
    yield Sample(real())


@samples("prelu", "nn.functional.prelu")
def prelu():
    yield Sample(real(2, 3), real(3))
    yield Sample(real(2, 3), real(1))
