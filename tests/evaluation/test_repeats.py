import numpy as np

from segmentation.evaluation._repeats import repeats


def test_groups_come_back_at_their_number_and_a_cloud_does_not():
    rng = np.random.default_rng(0)
    blobs = np.vstack([rng.normal(c, 1, size=(100, 2)) for c in ((0, 0), (8, 0), (0, 8))])
    found = repeats(blobs, rng, 2)
    assert found.argmax() + 2 == 3
    assert found.max() > 0.95
    assert repeats(rng.normal(size=(300, 10)), rng, 2).max() < 0.4


def test_customers_who_are_all_but_alike_are_halved_too():
    X = np.zeros((20, 2))
    X[0] = 1
    assert np.isfinite(repeats(X, np.random.default_rng(0), 2)).all()
