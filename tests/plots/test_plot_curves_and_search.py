import numpy as np
import pandas as pd
import pytest
from artists import bars, beside, color_bar, legend, line, panels, points, points_by_color, ticks
from hypothesis import given
from hypothesis import strategies as st

from segmentation.errors import InputError
from segmentation.plots import (
    elbow,
    history,
    importance,
    k_distance,
    parallel_coordinate,
    segment_color,
    silhouette_curve,
)
from segmentation.plots._curves import curve_info, k_distance_info
from segmentation.plots._search import history_info, parallel_info


def test_a_curve_is_ordered_and_knows_its_best():
    curve = curve_info("kmeans", [4, 2, 3], [0.3, np.nan, 0.5])

    assert curve.ks.tolist() == [2, 3, 4]
    assert curve.best == 3
    assert curve_info("dbscan", [2, 3], [np.nan, np.nan]).best is None


def test_a_curve_needs_a_value_for_every_k():
    with pytest.raises(InputError, match="'ward' has 2 numbers of segments and 1 values"):
        curve_info("ward", [2, 3], [0.1])


def test_distances_are_sorted_and_those_beyond_the_radius_counted():
    info = k_distance_info([3.0, 1.0, np.nan, 2.0], eps=1.5)

    assert info.distances.tolist() == [1, 2, 3]
    assert info.ranks.tolist() == [1, 2, 3]
    assert info.n_beyond == 2
    many = k_distance_info(np.arange(20_000.0))
    assert (many.ranks[0], many.ranks[-1], len(many.ranks)) == (1, 20_000, 5_000)


def test_the_running_best_ignores_failed_and_infeasible_trials():
    info = history_info([0.2, np.nan, 0.9, 0.5, 0.4], [True, True, False, True, True])

    assert info.running_best.tolist() == [0.2, 0.2, 0.2, 0.5, 0.5]
    assert info.best == 3
    assert info.n_failed == 1


@given(st.lists(st.one_of(st.none(), st.floats(-10, 10)), max_size=30))
def test_the_running_best_only_gets_better(values):
    info = history_info([np.nan if v is None else v for v in values])

    known = info.running_best[np.isfinite(info.running_best)]
    assert (np.diff(known) >= 0).all()
    if info.best is not None:
        assert info.values[info.best] == known[-1]


def test_marks_and_winner_must_fit_the_trials():
    with pytest.raises(InputError, match="1 feasible marks for 2 trials"):
        history([1.0, 2.0], [True])
    with pytest.raises(InputError, match="0 to 1, not 2"):
        history([1.0, 2.0], best=2)
    with pytest.raises(InputError, match="1 values for 2 trials"):
        parallel_coordinate(pd.DataFrame({"k": [1, 2]}), [0.5])


def test_parameters_lie_between_their_ends_and_unused_ones_nowhere():
    params = pd.DataFrame(
        {
            "algorithm": ["kmeans", "dbscan", "kmeans", "dbscan"],
            "n_clusters": [2.0, np.nan, 10.0, np.nan],
            "eps": [np.nan, 0.01, np.nan, 1.0],
            "whiten": [True, False, True, True],
            "seed": [7, 7, 7, 7],
        }
    )
    info = parallel_info(params, [0.3, np.nan, 0.1, 0.6])
    algorithm, n_clusters, eps, whiten, seed = info.axes

    # The trial without a value is gone; the others go from the worst to the best.
    assert info.values.tolist() == [0.1, 0.3, 0.6]
    assert info.best == 2
    assert algorithm.positions.tolist() == [0.75, 0.75, 0.25]
    assert algorithm.tick_labels == ("dbscan", "kmeans")
    assert n_clusters.positions[:2].tolist() == [1, 0]
    assert np.isnan(n_clusters.positions[2])
    assert n_clusters.tick_labels[0] == "2"
    assert n_clusters.tick_labels[-1] == "10"
    assert np.isnan(eps.positions[:2]).all()
    assert whiten.tick_labels == ("True",)
    assert seed.positions.tolist() == [0.5] * 3


def test_the_winner_of_many_trials_is_always_drawn():
    values = np.zeros(9_000)
    values[4_321] = 1

    info = parallel_info(pd.DataFrame({"k": np.arange(9_000)}), values)

    assert info.values[info.best] == 1
    assert info.n_trials == 9_000
    assert len(info.values) <= 5_001


@pytest.mark.parametrize("chosen", [None, 3])
def test_one_number_of_segments_has_whole_ticks_beside_it(chosen):
    figures = elbow([3], [5.0], "x", chosen=chosen), silhouette_curve({"a": ([3], [0.4])}, "x", chosen)
    for figure in figures:
        (axes,) = figure.axes
        low, high = axes.get_xlim()
        assert low < 3 < high
        assert all(tick == round(tick) for tick in axes.get_xticks())


def test_the_elbow_shows_each_inertia_at_its_k_with_knee_and_choice():
    (axes,) = panels(elbow([4, 2, 3], [2.0, 9.0, 3.0], "x", knee=3, chosen=4))

    assert points(axes.lines[0]) == [(2, 9), (3, 3), (4, 2)]
    assert line(axes, "knee at k = 3") == [(3, 3)]
    assert line(axes, "chosen: k = 4") == [(4, 0), (4, 1)]
    assert axes.get_xlabel() == "Number of segments k"
    assert axes.get_ylabel().startswith("Inertia")


def test_each_silhouette_curve_has_its_own_line_and_a_ring_at_its_best():
    figure = silhouette_curve({"low": ([3, 2], [0.1, 0.4]), "high": ([2, 4, 3], [0.2, 0.5, 0.6])}, "x", 3)

    (axes,) = panels(figure)
    first, second = segment_color(0), segment_color(1)
    lines = [points(artist) for artist in axes.lines]
    assert lines[:2] == [[(2, 0.2), (3, 0.6), (4, 0.5)], [(3, 0.6)]]
    assert lines[2:4] == [[(2, 0.4), (3, 0.1)], [(2, 0.4)]]
    # The best algorithm comes first; the colour is that of its place in the study.
    assert list(legend(figure).items())[:2] == [("high: 0.600 at 3", second), ("low: 0.400 at 2", first)]
    assert list(legend(figure))[2] == "chosen: k = 3"
    assert set(points_by_color(axes)) >= {first, second}


def test_distances_rise_over_the_customers_and_eps_is_a_level():
    (axes,) = panels(k_distance([3.0, 1.0, 2.0], 4, eps=1.5))

    assert points(axes.lines[0]) == [(1, 1), (2, 2), (3, 3)]
    assert line(axes, "eps = 1.5: 2 customers beyond") == [(0, 1.5), (1, 1.5)]


def test_the_history_shows_each_trial_where_it_was_and_what_it_reached():
    figure = history([0.2, np.nan, 0.9, 0.5, 0.4], [True, True, False, True, True], objective="gain")

    (axes,) = panels(figure)
    assert line(axes, "trial") == [(0, 0.2), (3, 0.5), (4, 0.4)]
    assert line(axes, "breaks a constraint") == [(2, 0.9)]
    assert line(axes, "best so far") == [(0, 0.2), (1, 0.2), (2, 0.2), (3, 0.5), (4, 0.5)]
    assert line(axes, "best: 0.5 (trial 3)") == [(3, 0.5)]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Trial", "gain")
    assert list(legend(figure)) == ["trial", "breaks a constraint", "best so far", "best: 0.5 (trial 3)"]


def test_the_most_important_parameter_is_on_top():
    (axes,) = panels(importance({"a": 0.2, "b": 0.7, "c": 0.001, "d": np.nan}))

    assert list(bars(axes).items()) == [("b", 0.7), ("a", 0.2), ("c", 0.001)]
    assert beside(axes) == {"b": "0.70", "a": "0.20", "c": "< 0.01"}
    (axes,) = panels(importance({f"p{i:02}": i / 500 for i in range(25)}))
    assert list(bars(axes)) == [f"p{i:02}" for i in range(24, 4, -1)]


def test_each_trial_is_a_line_through_its_parameters():
    params = pd.DataFrame({"k": [2, 6, 4], "scaler": ["none", "robust", None]})

    figure = parallel_coordinate(params, [0.9, 0.1, 0.5], objective="gain")

    (axes,) = panels(figure)
    (trials,) = axes.collections
    lines = [[y for _, y in path] for path in trials.get_segments()]
    drawn = [[0, 0.25], [1, 0.75], [0.5, -0.14]]
    # From the worst to the best, which lies on top and is drawn once more.
    assert lines == [drawn[i] for i in (1, 2, 0)]
    assert points(axes.lines[0]) == list(enumerate(drawn[0]))
    assert list(ticks(axes.xaxis).items()) == [(0, "k"), (1, "scaler")]
    assert {(t.xy, t.get_text()) for t in axes.texts} >= {
        ((0, 0), "2"),
        ((0, 1), "6"),
        ((1, 0.25), "none"),
        ((1, 0.75), "robust"),
        ((1, -0.14), "not used"),
    }
    low, high, *_ = color_bar(figure)
    assert (low, high) == (0.1, 0.9)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["best: 0.9"]
    # Bright yellow is the best, dark violet the worst.
    brightness = np.asarray(trials.get_colors())[:, :3].sum(axis=1)
    assert brightness.argmax() == 2
    assert brightness.argmin() == 0
