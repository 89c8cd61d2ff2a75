import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from segmentation.errors import InputError
from segmentation.evaluation._overlap import segment_overlap


@st.composite
def solutions(draw):
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return [rng.integers(-1, draw(st.integers(1, 6)), size=n) for _ in range(draw(st.integers(2, 4)))]


def test_a_split_leaves_its_parts_whole_and_a_mixture_is_none():
    (step,) = segment_overlap([np.repeat([0, 1], 6), np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])])

    assert step.ks == (2, 3)
    assert step.flows.tolist() == [[4, 2, 0], [0, 2, 4]]
    assert step.stability == pytest.approx([1, 0, 1])


def test_the_value_is_that_of_the_formula():
    before, after = np.repeat([0, 1, 2], [7, 2, 1]), np.zeros(10, dtype=int)

    (step,) = segment_overlap([before, after])

    assert step.stability == pytest.approx([1 - entropy([0.7, 0.2, 0.1]) / np.log(3)])


def test_noise_is_a_group_to_come_from_but_not_a_segment_to_judge():
    (step,) = segment_overlap([np.array([0, 0, -1, -1]), np.array([0, 0, 0, -1])])

    assert step.before == step.after == (-1, 0)
    assert step.ks == (1, 1)
    assert step.flows.tolist() == [[1, 1], [0, 2]]
    assert step.stability == pytest.approx([1 - entropy([2 / 3, 1 / 3]) / np.log(2)])


def test_out_of_one_group_nothing_can_be_mixed():
    (step,) = segment_overlap([np.zeros(6, dtype=int), np.arange(6) % 3])

    assert step.stability.tolist() == [1, 1, 1]


def test_each_two_neighbours_make_a_step():
    two, three = np.arange(12) % 2, np.arange(12) % 3

    assert [step.ks for step in segment_overlap([two, three, np.full(12, -1)])] == [(2, 3), (3, 0)]
    assert segment_overlap([two]) == segment_overlap([]) == ()


def test_the_rows_must_be_the_same():
    with pytest.raises(InputError, match="label 4, 3 customers"):
        segment_overlap([np.zeros(4, dtype=int), np.zeros(3, dtype=int)])


@given(solutions())
def test_no_customer_is_lost_and_stability_stays_between_its_ends(given_solutions):
    for step in segment_overlap(given_solutions):
        assert step.flows.sum() == len(given_solutions[0])
        assert step.flows.shape == (len(step.before), len(step.after))
        assert step.stability.shape == (step.ks[1],)
        assert ((step.stability >= 0) & (step.stability <= 1)).all()


@given(solutions())
def test_the_same_solution_again_is_wholly_stable(given_solutions):
    labels = given_solutions[0]

    (step,) = segment_overlap([labels, labels])

    assert step.stability.tolist() == [1] * step.ks[1]
    assert (step.flows == np.diag(step.flows.diagonal())).all()


@given(solutions(), st.permutations(range(6)), st.permutations(range(6)))
def test_stability_depends_on_neither_names_nor_order(given_solutions, names, others):
    before, after = given_solutions[:2]
    renamed = [
        np.where(labels < 0, -1, 3 * np.array(given)[labels])
        for labels, given in ((before, names), (after, others))
    ]
    order = np.random.default_rng(0).permutation(len(before))
    (step,) = segment_overlap([before, after])
    (moved,) = segment_overlap([labels[order] for labels in renamed])

    assert moved.ks == step.ks
    found = dict(zip([s for s in moved.after if s >= 0], moved.stability, strict=True))
    expected = {
        3 * others[s]: v for s, v in zip([s for s in step.after if s >= 0], step.stability, strict=True)
    }
    assert found == pytest.approx(expected)


@given(solutions())
def test_a_finer_solution_inside_the_last_is_stable_throughout(given_solutions):
    coarse, other = given_solutions[:2]
    nested = np.where(coarse < 0, -1, 10 * coarse + other + 1)

    (step,) = segment_overlap([coarse, nested])

    assert step.stability.tolist() == [1] * step.ks[1]
