"""scikit-learn's own checks, on every algorithm."""

import warnings

from sklearn.utils.estimator_checks import parametrize_with_checks

from segmentation.clustering import ALGORITHMS, BisectingKMeans

ESTIMATORS = [algorithm() for algorithm in ALGORITHMS]
for estimator in ESTIMATORS:
    if hasattr(estimator, "n_init"):
        estimator.set_params(n_init=1)  # quicker, and no matter to the checks


def _expected_failures(estimator):
    if isinstance(estimator, BisectingKMeans):
        return {"check_non_transformer_estimators_n_iter": "every split has its own count"}
    return {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=_expected_failures)
def test_scikit_learn_check(estimator, check):
    with warnings.catch_warnings():
        # The checks fit on data of theirs that does not suit every default.
        warnings.simplefilter("ignore")
        check(estimator)
