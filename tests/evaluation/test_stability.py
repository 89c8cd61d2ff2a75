import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from segmentation.evaluation._stability import (
    adjusted_rand,
    compare,
    information,
    information_lost,
    stability,
)


def blobs(gap, seed=0, groups=3, size=40):
    rng = np.random.default_rng(seed)
    return np.vstack([rng.normal(size=(size, 2)) + gap * np.array([g % 2, g // 2]) for g in range(groups)])


def kmeans(X, k):
    return lambda rows: KMeans(k, n_init=3, random_state=int(rows.sum())).fit_predict(X[rows])


@pytest.mark.parametrize("bootstrap", [False, True])
def test_well_separated_groups_come_back_each_time(bootstrap):
    X = blobs(gap=30)
    result = stability(kmeans(X, 3), np.repeat([0, 1, 2], 40), bootstrap=bootstrap)
    assert result.score == 1
    assert result.spread == 0
    assert result.jaccard == (1, 1, 1)


def test_a_wrong_k_does_not_come_back():
    X = blobs(gap=30)
    right = stability(kmeans(X, 3), np.repeat([0, 1, 2], 40))
    labels = kmeans(X, 6)(np.arange(120))
    wrong = stability(kmeans(X, 6), labels)
    assert wrong.score < 0.8 < right.score
    assert min(wrong.jaccard) < 0.6
    # A round cloud has no two halves: the cut turns with the sample.
    cloud = blobs(gap=0, groups=1, size=300)
    halves = stability(kmeans(cloud, 2), kmeans(cloud, 2)(np.arange(300)))
    assert halves.score < 0.8


def test_only_the_segment_that_dissolves_has_a_low_jaccard():
    X = blobs(gap=30)
    labels = np.repeat([0, 1, 2, 3], [40, 40, 20, 20])  # the third group cut in two
    result = stability(kmeans(X, 4), labels)
    assert min(result.jaccard[:2]) > max(result.jaccard[2:])


def test_all_noise_is_the_same_group_each_time():
    noise = np.full(20, -1)
    result = stability(lambda rows: np.full(len(rows), -1), noise)
    assert result.score == 1
    assert result.jaccard == ()


def test_a_segment_that_no_sub_sample_finds_has_jaccard_0():
    rows = np.arange(10)
    found = [(rows[:8], np.full(8, -1)), (rows[2:], np.full(8, -1))]
    assert compare(np.repeat([0, 1], 5), found).jaccard == (0, 0)


def test_a_segment_that_no_sub_sample_holds_is_not_known_whatever_its_number():
    rows = np.arange(10)
    samples = [(rows[2:9], np.repeat([0, 1], [3, 4])), (rows[2:8], np.repeat([0, 1], [3, 3]))]
    first = compare(np.repeat([2, 0, 1], [2, 3, 5]), samples)
    last = compare(np.repeat([0, 1, 2], [2, 3, 5]), samples)
    assert first.jaccard == pytest.approx((1, 1, np.nan), nan_ok=True)
    assert last.jaccard == pytest.approx((np.nan, 1, 1), nan_ok=True)
    assert first.jaccard_min == last.jaccard_min == 1


def test_a_sub_sample_without_a_member_says_nothing_of_a_segment():
    rows = np.arange(10)
    labels = np.repeat([0, 1], [9, 1])
    samples = [(rows[:9], np.zeros(9, dtype=int)), (rows[1:], labels[1:])]
    assert compare(labels, samples).jaccard == (1, 1)


def test_where_no_segment_is_in_a_sub_sample_none_counts_as_found_again():
    labels = np.repeat([-1, 0], [8, 2])
    noise = (np.arange(8), np.full(8, -1))
    assert compare(labels, [noise, noise]).jaccard_min == 0
    assert compare(np.full(8, -1), [noise, noise]).jaccard_min == 0


def test_rows_to_draw_from_leave_the_numbers_of_the_segments_alone():
    X = blobs(gap=30)
    rows = np.arange(40, 120)
    drawn = []

    def fit(sample):
        drawn.append(sample)
        return kmeans(X, 2)(sample)

    result = stability(fit, np.repeat([0, 1, 2], 40), fits=3, rows=rows)
    assert all(len(sample) == 64 and set(sample) <= set(rows) for sample in drawn)
    assert result.jaccard == pytest.approx((np.nan, 1, 1), nan_ok=True)


labels = arrays(np.int64, 30, elements=st.integers(-1, 4))


@given(labels, labels)
@settings(max_examples=60)
def test_adjusted_rand_is_that_of_scikit_learn_and_symmetric(a, b):
    assert adjusted_rand(a, b) == pytest.approx(adjusted_rand_score(a, b), abs=1e-12)
    assert adjusted_rand(a, b) == pytest.approx(adjusted_rand(b, a), abs=1e-12)


@given(st.permutations(range(5)), labels)
@settings(max_examples=30)
def test_the_names_of_segments_do_not_matter(order, found):
    named = np.unique(found, return_inverse=True)[1] - int(found.min() < 0)
    renamed = np.where(found < 0, -1, np.asarray(order)[found])
    full = np.repeat([0, 1, 2], 10)
    samples, others = ([(np.arange(25), a[:25]), (np.arange(5, 30), named[5:])] for a in (named, renamed))
    one, other = compare(full, samples), compare(full, others)
    assert one.score == pytest.approx(other.score)
    assert one.jaccard == pytest.approx(other.jaccard)
    assert one.lost == pytest.approx(other.lost)


@given(labels, labels)
@settings(max_examples=40)
def test_information_lost_is_symmetric_none_for_the_same_groups_and_at_most_all(a, b):
    assert information_lost(a, b) == pytest.approx(information_lost(b, a), abs=1e-12)
    assert information_lost(a, a) == pytest.approx(0, abs=1e-12)
    assert information_lost(a, b) <= information(a) + information(b) + 1e-12


def test_information_counts_bits():
    assert information(np.repeat([0, 1, 2, 3], 5)) == pytest.approx(2)
    assert information_lost(np.repeat([0, 1], 10), np.repeat([0, 1, 2, 3], 5)) == pytest.approx(1)
