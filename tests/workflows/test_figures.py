"""The figures of a clustering say what its profile and its page say."""

from pathlib import Path

import numpy as np
import pandas as pd

import segmentation as sg
from segmentation.clustering import KMeans


def test_heat_map_bars_and_page_show_the_profile_of_a_column_that_was_logged(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"recency": rng.lognormal(3, 1.5, 90).round(), "visits": np.repeat([1, 5, 9], 30) + rng.random(90)}
    )
    table.to_csv(tmp_path / "visitors.csv", index_label="id")
    found = sg.fit(
        sg.TableFile(tmp_path / "visitors.csv", id="id").read(),
        sg.FeatureSet(["recency", "visits"], log=["recency"]),
        KMeans(3),
    )
    recency = found.profile.numbers[found.profile.numbers["column"] == "recency"]
    figures = found.figures()
    heat_map = figures["profile_heatmap"].subfigs[0].subfigs[0].axes[0].images[0].get_array()
    bars = figures["profile_bars"].subfigs[0].subfigs[0].axes[0].patches
    page = found.report(tmp_path / "page.html").read_text(encoding="utf-8")

    assert heat_map[0].tolist() == recency["effect"].tolist()
    assert [bar.get_height() for bar in bars] == recency["center"].tolist()
    assert all(f"({effect:+.2f})" in page for effect in recency["effect"])
