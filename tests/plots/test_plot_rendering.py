"""Every figure must become a PNG whatever the data holds; a warning is an error here."""

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from artists import NASTY, drawn, profile_figures, texts
from matplotlib.image import imread
from scipy.cluster.hierarchy import linkage

from segmentation import plots
from segmentation.errors import InputError


def pixels(png):
    return imread(io.BytesIO(png), format="png")


def figures_of(table, labels, units):
    """Draw all figures that a table and labels can make."""
    X = table.select_dtypes("number")
    labels = np.asarray(labels)
    yield plots.missing_values(table)
    yield plots.distributions(table, units)
    yield plots.pair_relations(table.iloc[:, :2], units, labels)
    yield plots.correlations(table)
    yield plots.outliers(table, units)
    yield plots.silhouette_per_customer(np.linspace(-1, 1, len(labels)), labels, "space $x$")
    yield plots.pca_scatter(X, labels, space="$\\alpha")
    if len(table):
        yield from profile_figures(table, labels, units)
    yield plots.segment_sizes(labels)
    if X.shape[1] >= 3:
        centers = X.groupby(labels).mean().loc[lambda frame: frame.index >= 0]
        yield plots.scatter_2d(X.iloc[:, :2], labels, centers.iloc[:, :2], None, units)
        yield plots.scatter_3d(X.iloc[:, :3], labels, centers.iloc[:, :3], None, units)


def numbers_table(n, names, seed=0):
    return pd.DataFrame(np.random.default_rng(seed).normal(50, 9, (n, len(names))), columns=names)


@pytest.mark.parametrize(
    ("table", "labels"),
    [
        pytest.param(
            numbers_table(30, NASTY).assign(**{"$level$": (NASTY * 4)[:30], "gap": np.nan}),
            np.arange(30) % 3 - 1,
            id="hostile names and levels",
        ),
        pytest.param(numbers_table(80, ["a", "b", "c"]), np.arange(80) % 40, id="40 segments"),
        pytest.param(numbers_table(60, [f"x{i}" for i in range(20)]), np.arange(60) % 12, id="20 features"),
        pytest.param(numbers_table(20, ["a", "b", "c"]), np.full(20, -1), id="all noise"),
        pytest.param(numbers_table(1, ["a", "b", "c"]), np.zeros(1, dtype=int), id="one row"),
        pytest.param(numbers_table(9, ["a"]), np.zeros(9, dtype=int), id="one feature, one segment"),
        pytest.param(pd.DataFrame({"a": [3.0] * 9, "b": 1e9, "c": 0.0}), np.arange(9) % 2, id="constant"),
        pytest.param(pd.DataFrame(index=range(5)), np.arange(5) % 2, id="no features"),
        pytest.param(
            pd.DataFrame({"a": [], "b": [], "c": []}, dtype=float), np.array([], dtype=int), id="no rows"
        ),
        pytest.param(
            pd.DataFrame(
                {"a": [1e308, -1e308, np.inf, 1.0], "b": [np.nan] * 4, "c": [1e-300, 0.0, 2e-300, 1e-299]}
            ),
            [0, 1, 0, -1],
            id="extreme numbers",
        ),
        pytest.param(
            pd.DataFrame({"g": ["x", "y"] * 4, "when": pd.date_range("2026-01-01", periods=8)}),
            np.arange(8) % 2,
            id="no numbers",
        ),
    ],
)
def test_every_figure_of_customers_can_be_drawn(table, labels):
    for figure in figures_of(table, labels, dict.fromkeys(NASTY, "k$")):
        drawn(figure)


def test_twin_column_names_are_drawn():
    table = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=["a", "a", "b"])

    for figure in (plots.distributions(table), plots.correlations(table)):
        drawn(figure)


@pytest.mark.parametrize("name", [*NASTY, "kmeans"])
def test_curves_and_searches_can_be_drawn_under_any_name(name):
    drawn(
        plots.silhouette_curve({name: ([2, 3, 4], [0.1, np.nan, 0.3]), "other": ([2], [0.2])}, name, chosen=3)
    )
    drawn(plots.elbow([2, 3, 4], [9.0, 3.0, 2.0], name, knee=3, chosen=4))
    drawn(plots.importance({name: 0.8, "other": 0.0}))
    drawn(plots.history([0.1, np.nan, 0.3], [True, True, False], objective=name))
    params = pd.DataFrame({name: [1.0, 2.0, np.nan], "level": [name, None, "z"]})
    drawn(plots.parallel_coordinate(params, [0.1, 0.2, np.nan], objective=name))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: plots.silhouette_curve({}, "x"), "There is no silhouette to draw."),
        (lambda: plots.silhouette_curve({"a": ([], [])}, "x"), "There is no silhouette to draw."),
        (lambda: plots.elbow([], [], "x"), "There is no inertia to draw."),
        (lambda: plots.k_distance([], 4, eps=0.5), "There is no distance to draw."),
        (lambda: plots.history([]), "None of 0 trials has a value."),
        (lambda: plots.history([np.nan]), "None of 1 trials has a value."),
        (lambda: plots.importance({}), "There is no importance to draw."),
        (lambda: plots.parallel_coordinate(pd.DataFrame(), []), "Nothing to draw: 0 trials, 0 parameters."),
        (lambda: plots.dendrogram(np.empty((0, 4)), 1), "One customer makes no tree."),
    ],
)
def test_a_figure_of_nothing_says_why(draw, said):
    assert said in texts(drawn(draw()))


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plots.elbow([3], [1.0], "x", knee=7),
        lambda: plots.k_distance([0.0], 4, eps=0.5),
        lambda: plots.history([0.5], [False]),
        lambda: plots.importance({"a": 0.0}),
        lambda: plots.parallel_coordinate(pd.DataFrame({"a": [0.0], "b": [None], "c": [np.nan]}), [0.5]),
        lambda: plots.dendrogram([[0, 1, 0.0, 2]], 1),
        lambda: plots.dendrogram([[0, 1, 2.0, 2]], 2),
    ],
)
def test_little_to_draw_still_makes_a_figure(draw):
    drawn(draw())


@pytest.mark.parametrize(("n", "k"), [(3, 2), (50, 40), (3_000, 5)])
def test_trees_of_any_size_can_be_drawn(n, k):
    # Single linkage makes a chain, the deepest tree there is.
    drawn(
        plots.dendrogram(linkage(np.sort(np.random.default_rng(0).normal(size=(n, 2)), axis=0), "single"), k)
    )


def test_a_sample_is_drawn_of_many_customers_and_the_figure_says_so():
    X = np.random.default_rng(0).normal(size=(20_000, 3))
    labels = np.arange(20_000) % 3

    for figure in (
        plots.scatter_2d(X[:, :2], labels),
        plots.scatter_3d(X, labels),
        plots.pca_scatter(X, labels),
    ):
        said = texts(figure)
        assert any("5,000 of 20,000 points drawn" in text for text in said)
        assert "Segment 0 (6,667)" in said


def test_a_tiny_picture_shows_the_segments_and_is_the_same_every_time():
    X = np.random.default_rng(0).normal(size=(200, 2))
    labels = np.arange(200) % 5

    first = plots.thumbnail_png(X, labels, "trial 1")
    other = plots.thumbnail_png(X, np.zeros(200, dtype=int), "trial 2")
    again = plots.thumbnail_png(X, labels, "trial 1")

    assert pixels(first).shape[:2] == (240, 320)
    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("X", "labels"),
    [
        (np.zeros((0, 2)), []),
        (np.zeros((1, 2)), [0]),
        (np.full((5, 2), np.nan), [0] * 5),
        (np.random.default_rng(0).normal(size=(300, 2)), np.full(300, -1)),
        (np.random.default_rng(0).normal(size=(30_000, 2)), np.arange(30_000) % 41 - 1),
    ],
)
def test_a_tiny_picture_of_any_labelling(X, labels):
    for title in NASTY:
        assert pixels(plots.thumbnail_png(X, labels, title)).shape[:2] == (240, 320)


def test_a_tiny_picture_needs_two_columns():
    with pytest.raises(InputError, match="2 columns"):
        plots.thumbnail_png(np.zeros((4, 3)), [0] * 4, "t")
    # A refused call leaves nothing behind for the next one.
    assert plots.thumbnail_png(np.eye(2), [0, 1], "t") == plots.thumbnail_png(np.eye(2), [0, 1], "t")


def test_threads_do_not_draw_into_each_others_pictures():
    X = np.random.default_rng(0).normal(size=(60, 2))
    jobs = [(np.arange(60) % (1 + i % 4), f"trial {i % 4}") for i in range(16)]
    expected = [plots.thumbnail_png(X, *job) for job in jobs]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda job: plots.thumbnail_png(X, *job), jobs))
        figures = list(pool.map(lambda job: plots.to_png(plots.scatter_2d(X, job[0]), dpi=50), jobs[1:4]))

    assert found == expected
    assert figures == [plots.to_png(plots.scatter_2d(X, job[0]), dpi=50) for job in jobs[1:4]]


def test_no_figure_reaches_pyplot():
    code = "import sys, segmentation.plots as p; p.to_png(p.segment_sizes([0])); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "matplotlib.figure" in done.stdout.split()
    assert "matplotlib.pyplot" not in done.stdout.split()
