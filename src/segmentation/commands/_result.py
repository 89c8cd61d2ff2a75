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
    code : int, default=0
        What the process ends with: 0 where it went well, 3 where a gate refused, 4 where a segmentation should
        be trained again. 1, 2 and 130 are `segmentation.cli.main`'s.
    """

    text: str
    record: Mapping[str, Any]
    code: int = 0
