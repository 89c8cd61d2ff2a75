import pytest

from segmentation.commands._config import dimension
from segmentation.errors import InputError
from segmentation.study import Choice, Float, Integer


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("range(2, 11)", Integer(2, 10)),
        ("range(2, 11, 3)", Integer(2, 8, step=3)),
        ("range(4)", Integer(0, 3)),
        ("range(1.0, 2.0, 0.5)", Choice((1.0, 1.5))),
        ("interval(0.1, 1)", Float(0.1, 1)),
        ("int(interval(2, 10))", Integer(2, 10)),
        ("tag(log, interval(0.01, 10.0))", Float(0.01, 10.0, log=True)),
        ("tag(log, range(1, 65))", Integer(1, 64, log=True)),
        ("choice(full, tied)", Choice(("full", "tied"))),
        ("choice('a b', 3, true)", Choice(("a b", 3, True))),
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
