"""SciPy on ctorch's tensors, in a process of its own: it wants SCIPY_ARRAY_API before it is imported."""
import numpy as np
import pytest
from scipy import cluster, fft, integrate, ndimage, signal, special, stats
from scipy.spatial.transform import Rotation

import ctorch

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(4, 60)), RNG.normal(size=(4, 60))
P = np.abs(X) / 4 + 0.1
VECTOR, OTHER = X[0].copy(), Y[0].copy()
COUNTS = RNG.integers(1, 9, 60)
B, A = signal.butter(3, 0.3)
SOS = signal.butter(4, 0.3, output="sos")


def numpy_of(result):
    """What a SciPy function returns, as arrays in lists; each array was a tensor."""
    if isinstance(result, ctorch.Tensor):
        return result.numpy()
    if isinstance(result, tuple | list):
        return [numpy_of(r) for r in result]
    return result


def flat(result):
    if isinstance(result, list | tuple):
        return [part for r in result for part in flat(r)]
    return [np.asarray(result)] if result is not None else []


def types(result):
    if isinstance(result, tuple | list):
        return [t for r in result for t in types(r)]
    return [type(result)]


def fields(result):
    """Results of tests as the numbers they hold."""
    if hasattr(result, "statistic"):
        return [result.statistic, result.pvalue]
    return result


CASES = {
    # ---- signal
    **{f"signal.{name}": (lambda f: lambda x, y: f(x, y))(getattr(signal, name))
       for name in ("fftconvolve", "oaconvolve", "convolve", "correlate")},
    "signal.lfilter": lambda x, y: signal.lfilter(like(B, x), like(A, x), x),
    "signal.sosfilt": lambda x, y: signal.sosfilt(like(SOS, x), x),
    "signal.sosfiltfilt": lambda x, y: signal.sosfiltfilt(like(SOS, x), x),
    "signal.filtfilt": lambda x, y: signal.filtfilt(like(B, x), like(A, x), x),
    "signal.detrend": lambda x, y: signal.detrend(x),
    "signal.hilbert": lambda x, y: signal.hilbert(x),
    "signal.resample": lambda x, y: signal.resample(x, 40),
    "signal.resample_poly": lambda x, y: signal.resample_poly(x, 2, 3),
    "signal.decimate": lambda x, y: signal.decimate(x, 3),
    "signal.medfilt": lambda x, y: signal.medfilt(x, 3),
    "signal.wiener": lambda x, y: signal.wiener(x, 3),
    "signal.savgol_filter": lambda x, y: signal.savgol_filter(x, 7, 2),
    "signal.upfirdn": lambda x, y: signal.upfirdn(like(B, x), x, 2, 1),
    "signal.freqz": lambda x, y: signal.freqz(like(B, x), like(A, x), worN=32),
    "signal.tf2zpk": lambda x, y: np.sort(numpy_of(signal.tf2zpk(like(B, x), like(A, x)))[1].real),
    # ---- stats
    **{f"stats.{name}": (lambda f: lambda x, y: f(x, axis=-1))(getattr(stats, name))
       for name in ("skew", "kurtosis", "moment", "variation", "sem", "zscore", "tmean", "tvar", "tstd", "tsem", "tmin",
                    "tmax", "describe", "kstat", "kstatvar", "normaltest", "skewtest", "kurtosistest", "jarque_bera",
                    "circmean", "circstd", "circvar", "differential_entropy")},
    "stats.gmean": lambda x, y: stats.gmean(abs(x), axis=-1),
    "stats.hmean": lambda x, y: stats.hmean(abs(x), axis=-1),
    "stats.pmean": lambda x, y: stats.pmean(abs(x), 2, axis=-1),
    "stats.entropy": lambda x, y: stats.entropy(abs(x), axis=-1),
    "stats.directional_stats": lambda x, y: stats.directional_stats(x).mean_direction,
    **{f"stats.{name}": (lambda f: lambda x, y: fields(f(x, y, axis=-1)))(getattr(stats, name))
       for name in ("ttest_rel", "ttest_ind", "pearsonr", "bartlett", "f_oneway", "ansari")},
    "stats.ttest_1samp": lambda x, y: fields(stats.ttest_1samp(x, 0.1, axis=-1)),
    "stats.chisquare": lambda x, y: fields(stats.chisquare(abs(x), axis=-1)),
    "stats.power_divergence": lambda x, y: fields(stats.power_divergence(abs(x), lambda_=0, axis=-1)),
    "stats.combine_pvalues": lambda x, y: fields(stats.combine_pvalues(special.expit(x), axis=-1)),
    "stats.false_discovery_control": lambda x, y: stats.false_discovery_control(special.expit(x)),
    "stats.rankdata": lambda x, y: stats.rankdata(x, axis=-1),
    "stats.quantile": lambda x, y: stats.quantile(x, like(np.array([0.1, 0.5]), x), axis=-1),
    "stats.boxcox_llf": lambda x, y: stats.boxcox_llf(0.5, abs(x), axis=-1),
    # ---- special
    **{f"special.{name}": (lambda f: lambda x, y: f(x))(getattr(special, name))
       for name in ("expit", "logit", "gammaln", "digamma", "erf", "erfc", "erfinv", "i0", "i0e", "i1", "i1e", "ndtr",
                    "ndtri", "log_ndtr", "entr", "sinc", "expm1", "log1p", "gamma", "psi")},
    **{f"special.{name}": (lambda f: lambda x, y: f(abs(x), abs(y)))(getattr(special, name))
       for name in ("xlogy", "xlog1py", "rel_entr", "kl_div", "gammainc", "gammaincc", "beta", "betaln")},
    "special.logsumexp": lambda x, y: special.logsumexp(x, axis=-1),
    "special.softmax": lambda x, y: special.softmax(x, axis=-1),
    "special.log_softmax": lambda x, y: special.log_softmax(x, axis=-1),
    # ---- fft
    **{f"fft.{name}": (lambda f: lambda x, y: f(x))(getattr(fft, name))
       for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "ifftn", "rfftn", "irfftn", "dct", "idct",
                    "dst", "idst", "dctn", "fftshift", "ifftshift")},
    "fft.fht": lambda x, y: fft.fht(x, 0.1, 0.5),
    # ---- others
    "ndimage.gaussian_filter": lambda x, y: ndimage.gaussian_filter(x, 1.0),
    "ndimage.uniform_filter": lambda x, y: ndimage.uniform_filter(x, 3),
    "ndimage.median_filter": lambda x, y: ndimage.median_filter(x, 3),
    "ndimage.sobel": lambda x, y: ndimage.sobel(x),
    "ndimage.rotate": lambda x, y: ndimage.rotate(x, 30.0),
    "ndimage.label": lambda x, y: ndimage.label(x > 0.5),
    "ndimage.distance_transform_edt": lambda x, y: ndimage.distance_transform_edt(x > 0),
    "integrate.trapezoid": lambda x, y: integrate.trapezoid(x, axis=-1),
    "integrate.simpson": lambda x, y: integrate.simpson(x, axis=-1),
    "integrate.cumulative_trapezoid": lambda x, y: integrate.cumulative_trapezoid(x, axis=-1),
    "cluster.vq.whiten": lambda x, y: cluster.vq.whiten(x),
    "cluster.vq.vq": lambda x, y: cluster.vq.vq(x, y),
    "cluster.vq.kmeans2": lambda x, y: cluster.vq.kmeans2(x.T, y.T[:3], minit="matrix"),
    "cluster.hierarchy.linkage": lambda x, y: cluster.hierarchy.linkage(x, "average"),
    "cluster.hierarchy.fcluster": lambda x, y: cluster.hierarchy.fcluster(cluster.hierarchy.linkage(x), 2.0),
    "spatial.transform.Rotation": lambda x, y: Rotation.from_rotvec(x[:, :3]).apply(y[:, :3]),
}

def like(array, x):
    """An array of the kind that x is."""
    return ctorch.tensor(array, dtype=x.dtype) if isinstance(x, ctorch.Tensor) else array.astype(x.dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_function(name, dtype):
    x, y = X.astype(dtype), Y.astype(dtype)
    if name in ("special.logit", "special.erfinv", "special.ndtri", "special.entr", "special.gammaln", "special.gamma",
                "special.digamma", "special.psi", "special.log1p"):
        x = (P / P.max() * 0.9).astype(dtype)
    with np.errstate(all="ignore"):
        theirs = CASES[name](x, y)
        ours = CASES[name](ctorch.tensor(x), ctorch.tensor(y))
    assert ctorch.Tensor in types(ours) or isinstance(ours, np.ndarray), name
    a, b = flat(numpy_of(ours)), flat(theirs)
    assert len(a) == len(b)
    for one, other in zip(a, b):
        assert one.shape == other.shape
        rtol = 2e-3 if dtype == "float32" else 1e-7
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)
