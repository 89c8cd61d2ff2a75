"""What every scaler and reducer option promises."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from hydra.utils import instantiate
from omegaconf import OmegaConf
from sklearn.pipeline import make_pipeline

from segmentation.clustering import KMeans
from segmentation.tracking._models import TRUSTED

CONF = Path(__file__).parents[2] / "conf"
OPTIONS = sorted(path for group in ("scaler", "reducer") for path in (CONF / group).glob("*.yaml"))
IDS = [f"{path.parent.name}={path.stem}" for path in OPTIONS]


def option(path):
    config = OmegaConf.create({"seed": 7, "option": OmegaConf.load(path)})
    return instantiate(config.option, _convert_="all")


def customers(n_rows):
    """Skewed, mostly zero, far from zero and constant columns: what customer tables are made of."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "income": rng.lognormal(10, 1, n_rows),
            "revenue": rng.exponential(1e5, n_rows),
            "cash_advance": np.where(rng.random(n_rows) < 0.8, 0, rng.lognormal(5, 1, n_rows)),
            "since": 1e6 + rng.normal(size=n_rows),
            "constant": np.full(n_rows, 3.0),
        }
    )


def test_the_options_that_users_know():
    assert set(IDS) == {
        *(f"scaler={name}" for name in ("auto", "none", "standard", "minmax", "robust", "power", "quantile")),
        *(f"reducer={name}" for name in ("none", "pca")),
    }


@pytest.mark.parametrize("path", OPTIONS, ids=IDS)
class TestContract:
    @pytest.mark.parametrize("n_rows", [5, 500])
    def test_fits_few_and_many_rows_without_a_warning(self, path, n_rows):
        table = customers(n_rows)
        transformer = option(path).fit(table)
        out = np.asarray(transformer.transform(table))
        assert len(out) == n_rows
        assert np.isfinite(out).all()
        assert len(transformer.get_feature_names_out()) == out.shape[1]

    def test_survives_skops_beside_an_algorithm(self, path):
        table = customers(100)
        pipeline = make_pipeline(option(path), KMeans(3, random_state=0)).fit(table)
        saved = skops.io.dumps(pipeline)
        untrusted = skops.io.get_untrusted_types(data=saved)
        assert set(untrusted) <= set(TRUSTED)
        loaded = skops.io.loads(saved, trusted=untrusted)
        np.testing.assert_array_equal(loaded.predict(table), pipeline.predict(table))

    def test_same_seed_same_result(self, path):
        table = customers(300)
        one, other = (np.asarray(option(path).fit_transform(table)) for _ in range(2))
        np.testing.assert_array_equal(one, other)


def test_no_scaling_leaves_the_table_as_it_is():
    table = customers(20)
    pd.testing.assert_frame_equal(option(CONF / "scaler" / "none.yaml").fit_transform(table), table)


def test_pca_keeps_nine_tenths_of_the_variance():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(200, 4)) * [10.0, 9.0, 1.0, 0.5]
    pca = option(CONF / "reducer" / "pca.yaml").fit(table)
    assert pca.n_components_ == 2
    assert pca.explained_variance_ratio_.sum() >= 0.9
