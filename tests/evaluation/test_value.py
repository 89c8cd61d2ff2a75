import numpy as np
import pytest

from segmentation.errors import InputError
from segmentation.evaluation import value_share


def test_shares_are_of_the_value_that_is_known() -> None:
    shares = value_share([0, 0, 1, 1, -1], [10.0, np.nan, 20.0, 10.0, 60.0])
    assert shares == {-1: 0.6, 0: 0.1, 1: 0.3}
    assert np.isnan(value_share([0, 1], [1.0, np.nan])[1])


@pytest.mark.parametrize("values", [[0.0, 0.0], [1.0, -3.0], [np.nan, np.nan]], ids=str)
def test_without_a_positive_sum_there_are_no_shares(values: list[float]) -> None:
    shares = value_share([0, -1], values)
    assert list(shares) == [-1, 0]
    assert np.isnan(list(shares.values())).all()


def test_one_value_a_label_is_needed() -> None:
    with pytest.raises(InputError, match="valid is one value a label"):
        value_share([0, 1], [1.0])
