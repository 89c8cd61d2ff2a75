"""The one error a user can make, and the sentence that answers it."""

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """A user's mistake: bad data, a bad config value, a store that cannot be written.

    The message is one sentence that says what is wrong, where, and what would be valid. The command line
    prints it without a traceback and ends with exit code 2.
    """


def nearest(name: str, options: Iterable[str]) -> str:
    """Say which of the options was probably meant.

    Parameters
    ----------
    name : str
        What the user wrote.
    options : iterable of str
        What would have been valid.

    Returns
    -------
    str
        ``"did you mean 'kmeans'?"`` where one option is close, else the list of valid ones.

    Examples
    --------
    >>> nearest("kmean", ["kmeans", "dbscan"])
    "did you mean 'kmeans'?"
    >>> nearest("zzz", ["kmeans", "dbscan"])
    'valid are: dbscan, kmeans'
    """
    names = sorted({str(option) for option in options})
    folded = {option.casefold(): option for option in names}
    close = difflib.get_close_matches(str(name).casefold(), folded, n=1, cutoff=0.6)
    if close:
        return f"did you mean '{folded[close[0]]}'?"
    return f"valid are: {', '.join(names)}" if names else "there are none"
