"""The report of the data, of made-up findings: what is told, where, and what is left out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from segmentation.data import Customers, Finding
from segmentation.evaluation import ClusteringTendency
from segmentation.profiling import Suggestion, associate, describe_columns
from segmentation.report import DataReport, data_page, data_text

NATURAL = ClusteringTendency("natural", "There are gaps.", rows=40, columns=2)
CUT = ClusteringTendency("constructive", "There are none.", rows=40, columns=2)
TYPED = Suggestion("apart", ("year",), "1893 stands apart.", "Look whether it is an error.", "scaler=robust")
DONE = Suggestion("skewed", ("a", "b"), "Long tails.", "Take logarithms.", "features.plain=[a]", True)
PICTURES = (
    "structure",
    "distributions",
    "distributions_2",
    "missing_values",
    "outliers",
    "associations",
    "correlations",
    "pair_relations",
    "scalers",
)
SCALERS = pd.DataFrame(
    {"skewness": [1.5], "outliers": [0.025], "farthest": [9.0], "heaviest": ["year"], "weight": [0.755]},
    pd.Index(["standard"], name="scaler"),
)


@pytest.fixture
def told(png: bytes) -> Callable[..., DataReport]:
    """Make a report, changed as asked."""
    table = pd.DataFrame({"year": np.arange(1950.0, 1990), "plan": ["<b>", "b" * 50] * 20})
    table.loc[0, "year"] = 12_345.6
    customers = Customers(table, "shop", {}, (), "ab12")
    report = DataReport(
        customers,
        describe_columns(table),
        associate(table),
        (TYPED, DONE),
        NATURAL,
        None,
        SCALERS,
        n_scaled=40,
        n_drawn=2,
        pictures=dict.fromkeys(PICTURES, png),
        command="segment explore",
        following="segment sweep",
    )

    def changed(**other: Any) -> DataReport:
        return replace(report, **other)

    return changed


def test_the_verdict_and_what_to_do_come_first(told: Callable[..., DataReport]) -> None:
    page = data_page(told())
    assert (
        "40 customers, 2 columns. There are gaps. 1 suggestion before clustering. "
        "A sweep prepares columns in 1 way by itself."
    ) in page
    order = [
        "What to do",
        "A value far from all others: year",
        "1893 stands apart.",
        "scaler=robust",
        "Skewed",
        "To do otherwise",
        "features.plain=[a]",
        "segment sweep",
        "Are there segments?",
        "All features as configured, standard-scaled (2 columns): natural. There are gaps.",
        "What columns tell of each other",
        "What scalers do",
        "ab12",
        "segment explore",
    ]
    body = page[page.index("<main") :]
    places = [body.index(text) for text in order]
    assert places == sorted(places)
    assert "Config" not in page
    assert "seed: 3" in data_page(told(config="seed: 3"))


def test_every_picture_is_shown_once(told: Callable[..., DataReport]) -> None:
    page = data_page(told())
    assert page.count("data:image/png;base64") == len(PICTURES)
    assert "Outliers of shop" in page
    without = data_page(told(scalers=None))
    assert without.count("data:image/png;base64") == len(PICTURES) - 1
    assert "What scalers do" not in without


def test_a_verdict_that_the_preparation_changes_is_told(told: Callable[..., DataReport], png: bytes) -> None:
    pictures = {**told().pictures, "structure_suggested": png}
    page = data_page(told(prepared_verdict=CUT, pictures=pictures))
    assert "Prepared as a sweep does it, the verdict is &#39;constructive&#39;." in page
    assert "The two answers differ" in page
    assert "The same, prepared as a sweep does it (2 columns): constructive. There are none." in page
    same = data_page(told(prepared_verdict=NATURAL, pictures=pictures))
    assert "The two answers differ" not in same
    assert "the verdict is" not in same


def test_samples_are_called_so(told: Callable[..., DataReport]) -> None:
    whole = data_page(told())
    assert "ample of" not in whole
    sampled = data_page(told(verdict=replace(NATURAL, rows=30), n_scaled=20))
    assert "A sample of 30 of 40 customers was looked at." in sampled
    assert "Under each scaler, of a sample of 20 of 40 customers:" in sampled


def test_figures_are_readable_and_long_texts_are_cut(told: Callable[..., DataReport]) -> None:
    page = data_page(told())
    # A year has no comma, an amount has.
    assert "1951" in page
    assert "12,345.6" in page
    # Shares are percentages, of the commonest level and of what a scaler makes.
    assert all(share in page for share in ("50%", "2.5%", "75.5%"))
    assert "&lt;b&gt;" in page
    long = describe_columns(pd.DataFrame({"plan": ["b" * 50]}))
    assert f">{'b' * 39}\N{HORIZONTAL ELLIPSIS}<" in data_page(told(columns=long))


def test_of_many_columns_the_report_says_how_many_are_shown(told: Callable[..., DataReport]) -> None:
    many = describe_columns(pd.DataFrame({f"c{i}": [1.0, 2.0] for i in range(120)}))
    page = data_page(told(columns=many, n_drawn=48))
    assert "(of the first 100 of 120 columns)" in page
    assert "c99" in page
    assert "c100" not in page
    assert "The first 48 of 120 columns are drawn." in page


def test_what_reading_met_is_told(told: Callable[..., DataReport]) -> None:
    assert "Reading found nothing to repair or to tell." in data_page(told())
    found = Finding("duplicate_rows", None, 2, "repaired", "2 rows repeat others.")
    page = data_page(told(customers=replace(told().customers, findings=(found,))))
    assert "2 rows repeat others." in page


def test_data_without_numbers_has_nothing_to_look_for_gaps_in(told: Callable[..., DataReport]) -> None:
    report = told(verdict=None, suggestions=(), scalers=None)
    page = data_page(report)
    assert "No column of numbers tells customers apart. Nothing needs to be done before clustering." in page
    assert "nothing to look for gaps in" in page
    assert "Tendency" not in data_text(report)
    assert "Suggestions" not in data_text(report)


def test_the_terminal_says_the_same(told: Callable[..., DataReport]) -> None:
    said = data_text(told(prepared_verdict=CUT)).splitlines()
    assert said[0] == "40 customers, 2 columns"
    assert "Tendency: natural. There are gaps." in said
    assert "As a sweep prepares it: constructive. There are none." in said
    at = said.index("Suggestions")
    assert said[at + 1 :] == [
        "  A value far from all others: 1893 stands apart. Look whether it is an error.",
        "    scaler=robust",
        "  Skewed: Long tails. Take logarithms.",
        "    otherwise: features.plain=[a]",
    ]
