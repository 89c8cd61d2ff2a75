"""What a command hands back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """A command's result, for people and for programs.

    Attributes
    ----------
    text : str
        What `print=text` shows.
    record : mapping
        What `print=json` prints, as one object.
    """

    text: str
    record: Mapping[str, Any]
