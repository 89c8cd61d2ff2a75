import numpy as np
import pandas as pd
import pytest
from artists import (
    bar_colors,
    bars,
    beside,
    cell_texts,
    color_bar,
    heat_map,
    legend,
    panels,
    points,
    points_by_color,
    steps,
    texts,
    ticks,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples

from segmentation.errors import InputError
from segmentation.plots import (
    dendrogram,
    pca_scatter,
    profile_bars,
    profile_heatmap,
    scatter_2d,
    scatter_3d,
    segment_color,
    segment_sizes,
    silhouette_per_customer,
    thumbnail,
)
from segmentation.plots._profile import heatmap_info, profile_info, sizes_info
from segmentation.plots._scatter import pca_info, points_info, spread_apart
from segmentation.plots._silhouette import knife_info
from segmentation.plots._style import SOFT
from segmentation.plots._tree import tree_info
from segmentation.profiling import describe


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(3)
    centers = np.array([[0, 0, 0], [8, 0, 0], [0, 9, 1]])
    labels = np.repeat([0, 1, 2], [30, 20, 10])
    return centers[labels] + rng.normal(size=(60, 3)), labels


def test_blades_are_sorted_with_noise_last_and_all_customers_in_the_mean(blobs):
    X, labels = blobs
    marked = np.where(np.arange(60) % 13 == 0, -1, labels)
    samples = np.where(marked < 0, 0, silhouette_samples(X, labels))

    info = knife_info(samples, marked)

    assert [blade.label for blade in info.blades] == [0, 1, 2, -1]
    assert all((np.diff(blade.values) <= 0).all() for blade in info.blades)
    assert sum(len(blade.values) for blade in info.blades) == 60
    assert info.mean == pytest.approx(samples.mean())
    assert info.blades[1].mean == pytest.approx(samples[marked == 1].mean())


def test_silhouettes_must_fit_the_labels():
    with pytest.raises(InputError, match="2 silhouettes for 3 labels"):
        silhouette_per_customer([0.1, 0.2], [0, 1, 1], "x")


def test_rows_with_gaps_are_left_out_and_the_rest_keeps_its_labels():
    info = points_info(np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, 4.0]]), [0, 1, 2])

    assert info.points.tolist() == [[1, 2], [3, 4]]
    assert info.labels.tolist() == [0, 2]


def test_projection_is_the_principal_plane(blobs):
    X, labels = blobs
    reference = PCA(2).fit(X)

    info = pca_info(X, labels)

    assert info.shares == pytest.approx(reference.explained_variance_ratio_)
    assert np.abs(info.points.points) == pytest.approx(np.abs(reference.transform(X)))
    assert np.abs(info.loadings) == pytest.approx(np.abs(reference.components_.T))
    # Signs do not hang on the machine: the strongest loading of a component is positive.
    assert (info.loadings[np.abs(info.loadings).argmax(axis=0), [0, 1]] > 0).all()


def test_arrows_are_the_strongest_features_and_none_for_a_constant_one():
    X = np.random.default_rng(0).normal(size=(50, 9)) * np.array([5, 4, 3, 2, 1, 1, 1, 1, 0])

    info = pca_info(X, np.zeros(50))

    assert info.arrows[:2] in {(0, 1), (1, 0)}
    assert len(info.arrows) == 6
    assert 8 not in pca_info(X[:, 6:], np.zeros(50)).arrows
    assert pca_info(np.ones((5, 3)), np.zeros(5)).shares == (0, 0)


@settings(max_examples=50)
@given(st.lists(st.floats(-5, 5), max_size=8))
def test_names_of_arrows_keep_their_order_and_distance(positions):
    before = np.array(positions)

    after = spread_apart(before, 0.5)

    assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0.5 - 1e-9).all()


@pytest.mark.parametrize("call", [scatter_2d, pca_scatter])
def test_names_must_fit_the_matrix(call):
    with pytest.raises(InputError, match="3 names for the 2 columns"):
        call(np.zeros((4, 2)), [0, 0, 1, 1], names=["a", "b", "c"])


def test_centers_and_columns_must_fit():
    with pytest.raises(InputError, match="2 columns"):
        scatter_2d(np.zeros((4, 3)), [0, 0, 1, 1])
    with pytest.raises(InputError, match="centers must have the 2 columns"):
        scatter_2d(np.zeros((4, 2)), [0, 0, 1, 1], centers=[[0, 0, 0]])


TABLE = pd.DataFrame(
    {
        "income": [10.0, 20.0, 30.0, 100.0, np.nan],
        "gender": pd.Series(["F", "F", "M", "F", None], dtype="str"),
        "same": 3.0,
    }
)
LABELS = [0, 0, 1, -1, 1]
PROFILE = describe(TABLE, LABELS, list(TABLE.columns))


def test_profiles_are_centres_in_original_units_and_levels_are_shares():
    info = profile_info(PROFILE.numbers, PROFILE.overall, PROFILE.categories)
    income, same, gender = info.features

    assert info.labels == (0, 1, -1)
    assert income.values.tolist() == [15, 30, 100]
    assert income.population == 40
    assert gender.level == "F"
    assert gender.values.tolist() == [100, 0, 100]
    assert gender.population == 75
    assert same.values.tolist() == [3, 3, 3]


def test_a_level_that_stands_for_many_rare_ones_is_not_the_commonest():
    levels = ["often"] * 3 + [f"rare {i}" for i in range(30)] + ["often"] * 3
    profile = describe(pd.DataFrame({"plan": levels * 2}), [0] * 36 + [1] * 36)
    (plan,) = profile_info(profile.numbers, profile.overall, profile.categories).features
    assert plan.level == "often"


def test_bars_and_heat_map_say_which_column_is_missing():
    with pytest.raises(InputError, match="numbers has no column 'center'"):
        profile_bars(PROFILE.numbers.drop(columns="center"), PROFILE.overall)
    with pytest.raises(InputError, match="numbers has no column 'effect'"):
        profile_heatmap(PROFILE.numbers.drop(columns="effect"))


def test_the_heat_map_shows_the_effects_of_the_profile():
    table = pd.DataFrame({"recency": [1.0, 40, 2, 300, 7, 9], "same": 5.0})
    profile = describe(table, [0, 0, 1, 1, -1, -1], ["recency"], log=["recency"])
    info = heatmap_info(profile.numbers)

    assert info.columns == ("recency", "same")
    assert info.labels == (0, 1, -1)
    recency = profile.numbers[profile.numbers["column"] == "recency"]
    assert info.differences[0].tolist() == recency["effect"].tolist()
    assert np.isnan(info.differences[1]).all()


@given(st.lists(st.integers(-1, 12), max_size=50))
def test_sizes_sum_to_all_customers(labels):
    info = sizes_info(labels)

    assert sum(info.counts) == len(labels)
    assert sum(info.shares) == pytest.approx(1 if labels else 0)
    assert -1 not in info.labels[:-1]


@pytest.mark.parametrize("method", ["ward", "single", "average", "centroid"])
@pytest.mark.parametrize("k", [1, 2, 3, 7, 45, 60])
def test_the_cut_makes_the_segments_asked_for(blobs, method, k):
    X, _ = blobs
    tree = linkage(X, method)

    info = tree_info(tree, k)

    sizes = np.bincount(info.labels)
    assert len(sizes) == k
    assert (np.diff(sizes) <= 0).all()
    assert sum(info.leaf_sizes) == 60
    assert set(info.leaf_segments) == set(range(k))
    if method == "ward":
        expected = fcluster(tree, k, "maxclust")
        assert len({*zip(info.labels, expected, strict=True)}) == k


def test_the_branches_above_the_cut_belong_to_no_segment(blobs):
    X, labels = blobs

    info = tree_info(linkage(X, "ward"), 3)

    assert len({*zip(info.labels, labels, strict=True)}) == 3
    assert {s for s in info.segments if s is not None} == {0, 1, 2}
    assert info.segments.count(None) == 2
    # The cut lies below both merges of segments and above all others.
    tops = [path[:, 1].max() > info.cut for path in info.paths]
    assert tops == [s is None for s in info.segments]


def test_an_impossible_tree_is_refused():
    with pytest.raises(InputError, match="4 columns"):
        tree_info(np.zeros((3, 3)), 2)
    with pytest.raises(InputError, match="1 to 2 segments, not 3"):
        tree_info([[0, 1, 1.0, 2]], 3)


COLORS = [segment_color(s) for s in (0, 1, -1)]
CUSTOMERS = np.array([[1.0, 10], [2, 20], [5, 40], [9, 90]])
SEGMENTS = [0, 0, 1, -1]
BY_SEGMENT = {COLORS[0]: [(1, 10), (2, 20)], COLORS[1]: [(5, 40)], COLORS[2]: [(9, 90)]}
COUNTED = dict(zip(["Segment 0 (2)", "Segment 1 (1)", "Noise (1)"], COLORS, strict=True))


def test_customers_lie_where_their_features_say_in_the_colour_of_their_segment():
    figure = scatter_2d(CUSTOMERS, SEGMENTS, [[1.5, 15], [5, 39]], ["age", "income"], {"income": "k$"})

    (axes,) = panels(figure)
    expected = {**BY_SEGMENT, COLORS[0]: [(1, 10), (1.5, 15), (2, 20)], COLORS[1]: [(5, 39), (5, 40)]}
    assert points_by_color(axes) == expected
    assert {t.get_text(): t.xy for t in axes.texts} == {"0": (1.5, 15), "1": (5, 39)}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Age", r"Income (k\$)")
    assert legend(figure) == COUNTED


def test_three_features_have_an_axis_each():
    X = np.column_stack([CUSTOMERS, [100, 200, 300, 400]])

    figure = scatter_3d(X, SEGMENTS, [[1, 2, 3]], ["a", "b", "c"])

    (axes,) = panels(figure)
    found = {line.get_color(): np.transpose(line.get_data_3d()).tolist() for line in axes.lines}
    assert found == {
        COLORS[0]: [[1, 10, 100], [2, 20, 200]],
        COLORS[1]: [[5, 40, 300]],
        COLORS[2]: [[9, 90, 400]],
    }
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()) == ("A", "B", "C")
    (center,) = axes.texts
    assert (center.get_text(), center.get_position_3d()) == ("0", (1, 2, 3))
    assert all(low < high for low, high in (axes.get_xlim(), axes.get_ylim(), axes.get_zlim()))
    assert legend(figure) == COUNTED


def test_the_plane_of_components_is_drawn_with_its_shares_and_the_features_as_arrows(blobs):
    X, labels = blobs
    plane = PCA(2).fit(X)
    plane.components_ *= [[np.sign(axis[np.abs(axis).argmax()])] for axis in plane.components_]

    (axes,) = panels(pca_scatter(X, labels, ["a", "b", "c"], "standard"))

    for segment in range(3):
        expected = sorted(map(tuple, plane.transform(X[labels == segment])))
        assert np.ravel(points_by_color(axes)[segment_color(segment)]) == pytest.approx(np.ravel(expected))
    one, two = (f"{share:.0%}" for share in plane.explained_variance_ratio_)
    assert axes.get_xlabel() == f"Component 1 ({one} of the variance)"
    assert axes.get_ylabel() == f"Component 2 ({two} of the variance)"
    tips = {t.get_text(): np.array(t.xy) for t in axes.texts if t.get_text()}
    length = np.linalg.norm(tips["A"]) / np.linalg.norm(plane.components_[:, 0])
    for name, loading in zip("ABC", plane.components_.T, strict=True):
        assert tips[name] == pytest.approx(length * loading)


def test_two_features_are_drawn_as_they_are():
    (axes,) = panels(pca_scatter(CUSTOMERS, SEGMENTS, ["age", "income"]))

    assert points_by_color(axes) == BY_SEGMENT
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Age", "Income")


def test_a_thumbnail_shows_each_customer_in_the_colour_of_its_segment():
    figure = thumbnail(CUSTOMERS, SEGMENTS, "trial 7")

    (axes,) = figure.axes
    assert points_by_color(axes) == BY_SEGMENT
    assert texts(figure) == ["trial 7"]
    # The frame holds every customer and little else.
    assert axes.get_xlim() == pytest.approx((1 - 0.32, 9 + 0.32))
    assert axes.get_ylim() == pytest.approx((10 - 3.2, 90 + 3.2))


def test_each_blade_holds_the_silhouettes_of_its_segment_from_the_highest_down():
    figure = silhouette_per_customer([0.2, 0.5, 0.6, -0.3, 0.1], [0, 0, 1, 1, -1], "standard")

    (axes,) = panels(figure)
    assert [steps(blade) for blade in axes.collections] == [[0.5, 0.2], [0.6, -0.3], [0.1]]
    assert [to_hex(blade.get_facecolor()[0]) for blade in axes.collections] == COLORS
    # Names and means stand beside their blades.
    names = ["Segment 0 (2) +0.35", "Segment 1 (2) +0.15", "Noise (1) +0.10"]
    assert list(ticks(axes.yaxis).values()) == names
    for place, blade, mean, value in zip(
        ticks(axes.yaxis), axes.collections, axes.lines, [0.35, 0.15, 0.1], strict=False
    ):
        reach = blade.get_paths()[0].get_extents()
        assert (reach.y0 + reach.y1) / 2 == pytest.approx(place)
        assert points(mean, down=True) == [(value, round(reach.y0, 9)), (value, round(reach.y1, 9))]
    assert points(axes.lines[3], down=True) == [(0.22, 0), (0.22, 1)]
    assert list(legend(figure)) == ["mean of all: 0.220", "mean of the segment"]


def test_a_blade_is_as_thick_as_it_has_customers():
    (axes,) = panels(silhouette_per_customer([0.5] * 100, np.repeat([0, 1], [80, 20]), "x"))

    thick, thin = (np.ptp(blade.get_paths()[0].vertices[:, 1]) for blade in axes.collections)
    assert thick > thin


def test_each_profile_bar_is_its_segments_value_with_a_line_for_all():
    income, same, gender = panels(
        profile_bars(PROFILE.numbers, PROFILE.overall, PROFILE.categories, {"income": "k$"})
    )

    assert list(bars(income).items()) == [("0", 15), ("1", 30), ("noise", 100)]
    assert list(bar_colors(income).values()) == COLORS
    assert set(income.lines[0].get_ydata()) == {40}
    assert [axes.get_title(loc="left") for axes in (income, same, gender)] == [
        r"Income (k\$)",
        "Same",
        "Gender: F (%)",
    ]
    assert list(bars(gender).values()) == [100, 0, 100]
    assert set(gender.lines[0].get_ydata()) == {75}


def test_the_heat_map_holds_each_difference_in_the_row_of_its_feature():
    figure = profile_heatmap(describe(TABLE.assign(age=[1.0, 1, 3, 3, 2]), LABELS).numbers)

    (axes,) = panels(figure)
    deviation, spread = np.std([10, 20, 30, 100], ddof=1), np.std([1, 1, 3, 3, 2], ddof=1)
    expected = pd.DataFrame(
        [
            [-25 / deviation, -10 / deviation, 60 / deviation],
            [np.nan] * 3,
            [-1 / spread, 0.5 / spread, 1 / spread],
        ],
        ["Income", "Same", "Age"],
        ["0", "1", "noise"],
    )
    pd.testing.assert_frame_equal(heat_map(axes), expected)
    assert cell_texts(axes)["Income", "0"] == f"{-25 / deviation:.2f}"
    assert cell_texts(axes)["Age", "noise"] == f"{1 / spread:.2f}"
    # Blue below all customers, red above them.
    assert color_bar(figure) == (-2, 2, "#053061", "#67001f")


def test_segments_stand_under_each_other_with_their_customers():
    (axes,) = panels(segment_sizes([1, 1, 1, 0, -1, -1]))

    assert list(bars(axes).items()) == [("Segment 0", 1), ("Segment 1", 3), ("Noise", 2)]
    assert list(bar_colors(axes).values()) == COLORS
    assert beside(axes) == {"Segment 0": "1 (16.7%)", "Segment 1": "3 (50.0%)", "Noise": "2 (33.3%)"}


def test_the_tree_joins_at_the_heights_of_its_merges_and_is_cut_between_them():
    X = np.array([[0.0], [1], [10], [12], [40]])
    tree = linkage(X, "single")

    figure = dendrogram(tree, 3)

    (axes,) = panels(figure)
    (branches,) = axes.collections
    tops = [path[:, 1].max() for path in branches.get_segments()]
    assert sorted(tops) == [1, 2, 9, 28]
    colors = {top: to_hex(color) for top, color in zip(tops, branches.get_colors(), strict=True)}
    assert colors == {1: segment_color(0), 2: segment_color(1), 9: SOFT.lower(), 28: SOFT.lower()}
    # One leaf a customer, in the colour of its segment; the cut lies between the merges of 2 and 9.
    leaves = {line.get_xdata()[0]: line.get_color() for line in axes.lines if line.get_marker() == "s"}
    assert sorted(leaves.values()) == sorted(segment_color(s) for s in (0, 0, 1, 1, 2))
    for path, top in zip(branches.get_segments(), tops, strict=True):
        assert top > 2 or {leaves[path[0, 0]], leaves[path[-1, 0]]} == {colors[top]}
    assert points(axes.lines[-1]) == [(0, 5.5), (1, 5.5)]
    assert "cut into 3" in texts(figure)
    assert list(legend(figure)) == ["Segment 0 (2)", "Segment 1 (2)", "Segment 2 (1)"]
    assert list(ticks(axes.xaxis).values()) == ["1"] * 5
