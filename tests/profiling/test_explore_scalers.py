import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, StandardScaler

from segmentation.profiling import scale, scaler_effects, scaler_summary

SPEND = np.random.default_rng(0).lognormal(5, 1, 500)
X = np.column_stack([SPEND, np.arange(500) % 10, np.ones(500)])
SCALERS = {"standard": StandardScaler(), "minmax": MinMaxScaler(), "power": PowerTransformer()}


@pytest.fixture(scope="module")
def effects():
    return scaler_effects({"none": X, **scale(X, SCALERS)}, ["spend", "visits", "one"])


def test_effects_tell_what_a_scaler_does_to_a_feature(effects):
    by = effects.set_index(["scaler", "feature"])
    assert by.loc[("none", "spend"), "weight"] > 0.99
    assert by.loc[("standard", "spend"), "weight"] == pytest.approx(0.5)
    assert by.loc[("standard", "spend"), "skewness"] == pytest.approx(by.loc[("none", "spend"), "skewness"])
    assert abs(by.loc[("power", "spend"), "skewness"]) < 0.2
    assert by.loc[("minmax", "spend"), ["min", "max"]].tolist() == pytest.approx([0, 1])
    assert (effects.groupby("scaler")["weight"].sum() - 1).abs().max() < 1e-9
    assert by.loc[("none", "one"), "skewness"] == 0


def test_a_summary_names_the_heaviest_feature(effects):
    summary = scaler_summary(effects)
    assert list(summary.index) == ["none", "standard", "minmax", "power"]
    assert summary.loc["none", "heaviest"] == "spend"
    assert summary.loc["none", "farthest"] == pytest.approx(SPEND.max())
