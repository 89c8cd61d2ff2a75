import numpy as np
import pandas as pd
import pytest

from segmentation.profiling import profile


def test_segments_are_described_in_original_units_noise_last():
    table = pd.DataFrame({"age": [20.0, 30.0, 60.0, np.nan], "gender": ["f", "m", "f", "f"]})
    described = profile(table, np.array([0, 0, 1, -1]))
    assert described.index.tolist() == [0, 1, -1]
    assert described["customers"].tolist() == [2, 1, 1]
    assert described["share"].sum() == pytest.approx(1)
    assert described["age"].tolist()[:2] == [25, 60]
    assert described["gender=f"].tolist() == [0.5, 1, 1]


def test_works_without_numbers_and_leaves_out_what_describes_nobody():
    table = pd.DataFrame({"name": [f"n{i}" for i in range(20)], "plan": ["a", "b"] * 10})
    described = profile(table, np.repeat([0, 1], 10))
    assert described.columns.tolist() == ["customers", "share", "plan=a", "plan=b"]
