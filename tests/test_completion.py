"""Tab completion, by a real bash that has eval'ed what `segment -sc install=bash` prints."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segmentation.cli import COMMANDS

BASH = shutil.which("bash")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BASH is None, reason="there is no bash on this machine"),
]

# What bash does when TAB is pressed at the end of a line: set these variables, call the registered function.
PRESS_TAB = """
press_tab() {
    COMP_LINE="$1" COMP_POINT=${#1} COMP_WORDS=($1)
    [[ "$1" == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
    registered=$(complete -p segment)
    registered=${registered##*-F }
    ${registered%% *}
    printf '%s\\n' "${COMPREPLY[@]}"
}
"""


def complete(line: str) -> list[str]:
    """The words that bash offers where TAB is pressed after `line`."""
    program = f'set -e\neval "$(segment -sc install=bash)"\n{PRESS_TAB}\nset +e\npress_tab "$1"\n'
    # The `segment` beside this interpreter is the one under test.
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    ran = subprocess.run(
        [str(BASH), "--norc", "-c", program, "bash", line],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": path},
    )
    assert ran.stderr == ""
    return ran.stdout.split()


def test_a_command_is_offered_first() -> None:
    assert set(complete("segment ")) == set(COMMANDS)


def test_a_command_is_completed() -> None:
    assert complete("segment sw") == ["sweep"]


def test_an_option_of_a_group_is_completed() -> None:
    assert complete("segment fit algorithm=db") == ["algorithm=dbscan"]


def test_a_key_is_completed() -> None:
    assert complete("segment sweep sca") == ["scaler="]


def test_a_parameter_of_the_chosen_option_is_completed() -> None:
    assert complete("segment fit algorithm=dbscan algorithm.min") == ["algorithm.min_samples="]


def test_each_command_offers_its_own_keys() -> None:
    assert complete("segment score outp") == ["output="]
    assert complete("segment promote dry") == ["dry_run="]
