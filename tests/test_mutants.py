"""The list of mutants stays true; running them takes long and is left to people: `python tests/mutants.py`."""

from pathlib import Path

import pytest

from mutants import MUTANTS, PACKAGE, ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.title)
def test_a_mutant_changes_one_place_and_names_tests_that_exist(mutant):
    assert (ROOT / PACKAGE / mutant.file).read_text(encoding="utf-8").count(mutant.old) == 1
    assert mutant.old != mutant.new
    for test in mutant.tests:
        assert Path(ROOT, test.partition("::")[0]).exists()
