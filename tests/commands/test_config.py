import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from segmentation.commands._config import dimension
from segmentation.errors import InputError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("range(2, 11)", IntDistribution(2, 10)),
        ("range(2, 11, 3)", IntDistribution(2, 8, step=3)),
        ("range(4)", IntDistribution(0, 3)),
        ("range(1.0, 2.0, 0.5)", CategoricalDistribution((1.0, 1.5))),
        ("interval(0.1, 1)", FloatDistribution(0.1, 1)),
        ("int(interval(2, 10))", IntDistribution(2, 10)),
        ("tag(log, interval(0.01, 10.0))", FloatDistribution(0.01, 10.0, log=True)),
        ("tag(log, range(1, 65))", IntDistribution(1, 64, log=True)),
        ("choice(full, tied)", CategoricalDistribution(("full", "tied"))),
        ("choice('a b', 3, true)", CategoricalDistribution(("a b", 3, True))),
        (7, 7),
        ("ward", "ward"),
    ],
)
def test_hydras_grammar_becomes_what_a_study_may_choose(written, meant):
    assert dimension("search.space.x.y", written) == meant


@pytest.mark.parametrize("written", ["range(5, 5)", "interval(3, 1)", "tag(log, interval(0, 1))", "range(2,"])
def test_what_cannot_be_searched_is_refused_with_its_key(written):
    with pytest.raises(InputError, match="search.space.x.y="):
        dimension("search.space.x.y", written)
