from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from artists import profile_figures
from matplotlib.text import Text

from segmentation import plots
from segmentation.plots._style import segment_marker, segment_text
from segmentation.plots._text import wrapped

NAMES = {0: "high income, low spending", 1: "$low$ <script> Доход \N{UNICORN FACE}" * 3}


def said(figure):
    plots.to_png(figure, dpi=50)
    return " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")


def test_within_it_segments_have_names_and_colours_and_afterwards_none():
    with plots.identities(NAMES, {0: 9, 1: 0}):
        assert plots.segment_name(0) == NAMES[0]
        assert plots.segment_name(7) == "Segment 7"
        assert plots.segment_color(1) == "#0072b2"
        assert segment_marker(0) == "s"
        assert plots.segment_name(-1) == "Noise"
        with plots.identities({}):
            assert plots.segment_name(0) == "Segment 0"
        assert plots.segment_name(0) == NAMES[0]
    assert plots.segment_name(0) == "Segment 0"
    assert plots.segment_color(1) == "#e69f00"


def test_an_error_within_does_not_keep_the_names():
    with pytest.raises(ValueError, match="x"), plots.identities(NAMES):
        raise ValueError("x")
    assert plots.segment_name(0) == "Segment 0"


def test_other_threads_do_not_see_the_names():
    with plots.identities(NAMES), ThreadPoolExecutor(1) as pool:
        assert pool.submit(plots.segment_name, 0).result() == "Segment 0"


def figures():
    labels = np.arange(60) % 3 - 1
    X = np.random.default_rng(0).normal(size=(60, 2))
    table = pd.DataFrame(X, columns=["a", "b"])
    yield plots.scatter_2d(X, labels)
    yield plots.pca_scatter(X, labels)
    yield from profile_figures(table, labels)
    yield plots.segment_sizes(labels)
    yield plots.silhouette_per_customer(np.linspace(-1, 1, 60), labels, "x")
    yield plots.pair_relations(table, None, labels)


def test_every_figure_of_segments_tells_their_names():
    with plots.identities(NAMES):
        for figure in figures():
            text = said(figure)
            assert "0 · high income, low" in text
            assert "1 · " in text
            assert "Segment 0" not in text


def test_customers_in_no_segment_are_called_by_their_name_not_noise():
    with plots.identities({**NAMES, -1: "exceptional: very rich"}):
        for figure in figures():
            text = said(figure)
            assert "exceptional: very rich" in text
            assert "noise" not in text.lower()
    assert all("noise" in said(figure).lower() for figure in figures())


def test_segments_of_other_solutions_and_algorithms_take_no_names():
    table = pd.DataFrame({"k": [2, 2], "segment": [0, 1], "size": 9, "jaccard": 0.8})
    with plots.identities(NAMES, {0: 5, 1: 6}):
        assert "high income" not in said(plots.segment_stability(table))
        named = plots.to_png(plots.silhouette_curve({"kmeans": ([2, 3], [0.2, 0.3])}, "x"))
    assert named == plots.to_png(plots.silhouette_curve({"kmeans": ([2, 3], [0.2, 0.3])}, "x"))


@pytest.mark.parametrize("name", [*NAMES.values(), "w" * 300, "$" * 90, "a " * 90, ""])
def test_names_take_few_short_lines(name):
    rows = wrapped(name, 22, 2).split("\n")

    assert 1 <= len(rows) <= 2
    assert all(0 < len(row.replace(r"\$", "$")) <= 22 for row in rows)
    # No line may have a bare dollar: two of them would start mathematics.
    assert all(row.count("$") == row.count(r"\$") for row in rows)


def test_a_name_that_fits_is_not_cut():
    with plots.identities(NAMES):
        assert segment_text(0) == "0 · high income, low\nspending"
