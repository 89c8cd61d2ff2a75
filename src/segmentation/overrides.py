"""Words of Hydra's override grammar, as a shell takes them."""

import re
from collections.abc import Iterable


def listed(key: str, columns: Iterable[str]) -> str:
    """An override that sets a list, as Hydra and a shell read it.

    Examples
    --------
    >>> print(listed("features.log", ["spend", "Annual Income (k$)"]))
    'features.log=[spend,"Annual Income (k$)"]'
    """
    return shell_word(f"{key}=[{','.join(quoted(column) for column in columns)}]")


def shell_word(word: str) -> str:
    """One word of a shell; kept as it stands where nothing in it is special.

    Examples
    --------
    >>> shell_word("scaler=power"), shell_word("a=[b]")
    ('scaler=power', "'a=[b]'")
    """
    return word if re.fullmatch(r"[\w./:=@+-]+", word) else "'" + word.replace("'", "'\"'\"'") + "'"


def quoted(text: str) -> str:
    """A value, in quotes where Hydra would read a number, a truth value or nothing, or could not read it.

    Examples
    --------
    >>> quoted("spend"), quoted("null")
    ('spend', '"null"')
    """
    special = {"null", "true", "false", "inf", "nan"}
    if re.fullmatch(r"[A-Za-z_][\w-]*", text, re.ASCII) and text.lower() not in special:
        return text
    # Hydra takes a backslash for itself, but before a quote.
    return '"' + re.sub(r'(\\*)("|$)', lambda m: 2 * m[1] + (m[2] and '\\"'), text) + '"'
