"""scikit-learn on ctorch's tensors, in a process of its own: it wants SCIPY_ARRAY_API before it is imported."""
import numpy as np
import pytest
from sklearn import config_context, metrics
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge, RidgeClassifier, RidgeCV
from sklearn.metrics import pairwise
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, cross_val_predict, train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    StandardScaler,
)

import ctorch

DTYPES = ["float32", "float64"]


def data(dtype, classes=3):
    rng = np.random.default_rng(0)
    y = np.arange(60) % classes
    x = rng.normal(size=(60, 5)) + 2 * y[:, None]
    return x.astype(dtype), y


def compared(function, *arrays, rtol=1e-4):
    """The same from NumPy's arrays and from tensors of them; arrays come back as tensors."""
    theirs = function(*arrays)
    with config_context(array_api_dispatch=True):
        ours = function(*[ctorch.tensor(a) for a in arrays])
    check(ours, theirs, rtol)
    return ours


def check(ours, theirs, rtol):
    if isinstance(theirs, tuple | list):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            check(a, b, rtol)
    elif isinstance(theirs, np.ndarray):
        assert isinstance(ours, ctorch.Tensor)
        # of integers scikit-learn makes the namespace's default floats, which are float32 here
        assert ours.dtype.name == theirs.dtype.name or (ours.dtype.name, theirs.dtype.name) == ("float32", "float64")
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=rtol, atol=rtol)
    else:
        assert ours == pytest.approx(theirs, rel=rtol, abs=rtol)


# ---- estimators

@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", [
    {"svd_solver": "full"}, {"svd_solver": "covariance_eigh"}, {"svd_solver": "full", "whiten": True},
    {"svd_solver": "randomized", "random_state": 0, "power_iteration_normalizer": "QR"}], ids=str)
def test_pca(dtype, options):
    def fitted(x):
        pca = PCA(3, **options).fit(x)
        z = pca.transform(x)
        return [pca.mean_, pca.explained_variance_, pca.singular_values_, abs(pca.components_), abs(z),
                pca.inverse_transform(z), pca.score_samples(x)]
    compared(fitted, data(dtype)[0], rtol=2e-3 if dtype == "float32" else 1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
def test_linear_discriminant_analysis(dtype):
    def fitted(x, y):
        lda = LinearDiscriminantAnalysis().fit(x, y)
        return [lda.predict(x), lda.predict_proba(x), lda.decision_function(x), abs(lda.transform(x))]
    compared(fitted, *data(dtype), rtol=1e-2 if dtype == "float32" else 1e-8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [
    lambda: Ridge(solver="svd"), lambda: Ridge(solver="svd", fit_intercept=False), lambda: RidgeCV(),
    lambda: PoissonRegressor(max_iter=30, solver="lbfgs")], ids=["ridge", "no intercept", "cv", "poisson"])
def test_regressors(dtype, make):
    def fitted(x, y):
        model = make().fit(x, y)
        return [model.coef_, model.predict(x), model.score(x, y)]
    x, y = data(dtype)
    compared(fitted, x, (y + 1).astype(dtype), rtol=1e-2 if dtype == "float32" else 1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [
    lambda: RidgeClassifier(solver="svd"), GaussianNB, lambda: LogisticRegression(solver="lbfgs", tol=1e-8),
    lambda: make_pipeline(StandardScaler(), GaussianNB()),
    lambda: CalibratedClassifierCV(LinearDiscriminantAnalysis(), method="temperature", cv=2),
    lambda: GridSearchCV(Ridge(solver="svd"), {"alpha": [0.1, 1.0]}, cv=2)],
    ids=["ridge", "bayes", "logistic", "pipeline", "calibrated", "search"])
def test_classifiers(dtype, make):
    x, y = data(dtype)
    compared(lambda x, y: make().fit(x, y).predict(x), x, y.astype(dtype) if "Search" in str(make()) else y,
             rtol=1e-3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("make", [
    StandardScaler, MinMaxScaler, MaxAbsScaler, Normalizer, Binarizer, lambda: PolynomialFeatures(2),
    KernelCenterer, lambda: Nystroem(n_components=4, random_state=0)])
def test_transformers(dtype, make):
    x = data(dtype)[0]
    x = x @ x.T if make is KernelCenterer else x
    compared(lambda x: make().fit(x).transform(x), x, rtol=1e-3)


def test_labels_and_mixtures():
    compared(lambda y: LabelEncoder().fit_transform(y), data("float64")[1])
    x = data("float64", 2)[0]
    compared(lambda x, means: GaussianMixture(2, means_init=means, init_params="random_from_data",
                                              random_state=0).fit(x).predict(x), x, x[:2])


def test_splits():
    x, y = data("float64")
    compared(lambda x, y: train_test_split(x, y, random_state=0), x, y)
    compared(lambda x, y: cross_val_predict(LinearDiscriminantAnalysis(), x, y, cv=3), x, y)


# ---- metrics

CLASSES = ["accuracy_score", "balanced_accuracy_score", "cohen_kappa_score", "confusion_matrix", "hamming_loss",
           "multilabel_confusion_matrix", "zero_one_loss"]
AVERAGED = ["f1_score", "jaccard_score", "precision_score", "recall_score"]
CURVES = ["det_curve", "precision_recall_curve", "roc_curve", "average_precision_score", "brier_score_loss",
          "log_loss", "roc_auc_score", "d2_log_loss_score"]
REGRESSION = ["d2_absolute_error_score", "d2_pinball_score", "d2_tweedie_score", "explained_variance_score",
              "max_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_gamma_deviance",
              "mean_pinball_loss",
              "mean_poisson_deviance", "mean_squared_error", "mean_squared_log_error", "mean_tweedie_deviance",
              "median_absolute_error", "r2_score", "root_mean_squared_error", "root_mean_squared_log_error"]
PAIRS = ["additive_chi2_kernel", "chi2_kernel", "cosine_distances", "cosine_similarity", "euclidean_distances",
         "laplacian_kernel", "linear_kernel", "manhattan_distances", "paired_cosine_distances",
         "paired_euclidean_distances", "paired_manhattan_distances", "pairwise_distances", "pairwise_kernels",
         "polynomial_kernel", "rbf_kernel", "sigmoid_kernel"]


@pytest.mark.parametrize("name", CLASSES)
def test_metrics_of_classes(name):
    compared(getattr(metrics, name), np.array([0, 1, 2, 2, 1, 0]), np.array([0, 2, 2, 2, 1, 1]))


@pytest.mark.parametrize("name", AVERAGED)
@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
def test_averaged_metrics(name, average):
    compared(lambda a, b: getattr(metrics, name)(a, b, average=average), np.array([0, 1, 2, 2, 1, 0]),
             np.array([0, 2, 2, 2, 1, 1]))


@pytest.mark.parametrize("name", CURVES)
def test_metrics_of_scores(name):
    compared(getattr(metrics, name), np.array([0, 1, 1, 0, 1]), np.array([0.2, 0.6, 0.9, 0.5, 0.4]))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", REGRESSION)
def test_metrics_of_numbers(name, dtype):
    a, b = np.array([1.0, 2, 3.5, 0.5], dtype), np.array([1.5, 2, 3, 0.75], dtype)
    compared(getattr(metrics, name), a, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PAIRS)
def test_pairs(name, dtype):
    a, b = np.abs(data(dtype)[0][:6]), np.abs(data(dtype)[0][6:12])
    compared(getattr(pairwise, name), a, b, rtol=2e-3 if dtype == "float32" else 1e-8)
