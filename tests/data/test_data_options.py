import inspect
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from segmentation.data import Checks, Demo, MallFile, TableFile, Transactions

CONF = Path(__file__).parents[2] / "conf"


def build(*overrides: str):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(None, overrides=list(overrides))
    return config.data, instantiate(config.data, _convert_="all")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("demo", Demo()),
        (
            "mall",
            MallFile(
                "t.csv",
                Checks(ranges={"age": (0, 120), "annual_income": (0, None), "spending_score": (1, 100)}),
            ),
        ),
        ("table", TableFile("t.csv")),
        ("transactions", Transactions("t.csv")),
    ],
)
def test_options_write_out_every_parameter_with_its_default(option, expected):
    config, source = build(f"+data={option}", *(["data.path=t.csv"] if option != "demo" else []))
    assert source == expected
    assert hash(source) == hash(expected)
    assert set(config) - {"_target_"} == set(inspect.signature(type(expected)).parameters)


def test_the_marketing_option_tells_what_is_odd_in_the_file(real_data):
    _, source = build("+data=marketing", f"data.path={real_data / 'marketing_campaign.csv'}")
    customers = source.read()
    assert len(customers.table) == 2240
    assert set(customers.table["Marital_Status"].dropna()) == {
        "Married",
        "Together",
        "Single",
        "Divorced",
        "Widow",
    }
    assert customers.table["Income"].max() == 162_397
    assert not {"Z_CostContact", "Z_Revenue"} & set(customers.table)
    assert customers.table["Dt_Customer"].between(2012.5, 2014.5).all()


def test_strict_checks_refuse_all_that_can_be_refused_but_constants():
    _, source = build("+data=table", "data.path=t.csv", "data/checks=strict")
    words = vars(source.checks)
    assert {name for name, word in words.items() if word == "refuse"} == {
        "duplicate_rows",
        "duplicate_ids",
        "missing_ids",
        "infinities",
        "out_of_range",
        "all_missing_columns",
    }


def test_lists_and_mappings_come_from_the_command_line():
    _, source = build(
        "+data=table",
        "data.path=t.csv",
        "data.numeric=[a,b]",
        "+data.units.a=k$",
        "+data.checks.ranges.a=[0,null]",
    )
    assert source.numeric == ("a", "b")
    assert source.units == {"a": "k$"}
    assert source.checks.ranges == {"a": (0, None)}
