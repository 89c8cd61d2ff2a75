"""Parameters that are taken over from an estimator of scikit-learn."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T", bound=type)


def refines(theirs: type, inherited: str = "", **ours: Any) -> Callable[[T], T]:
    """Give a class parameters of an estimator of scikit-learn, by an `__init__` that stores them.

    The class does not become a subclass of it: that would add methods such as `transform`, and fitted attributes in
    another numbering of the segments. Parameters that are not named cannot be set: `predict` may rely on them.

    Parameters
    ----------
    theirs : type
        The estimator. `Segmenter._theirs` makes one, with the parameters that both have.
    inherited : str
        Names of its parameters that keep their defaults, separated by spaces.
    **ours : Any
        Parameters, of it or new, with our defaults; the first may be given by position.

    Returns
    -------
    callable
        A class decorator.

    Examples
    --------
    >>> from sklearn import cluster
    >>> @refines(cluster.KMeans, "tol random_state", n_clusters=5, max_starts=None)
    ... class Centers:
    ...     '''Round segments.'''
    >>> inspect.signature(Centers)
    <Signature (n_clusters=5, *, max_starts=None, tol=0.0001, random_state=None)>
    >>> Centers(3).n_clusters
    3
    """
    known = inspect.signature(theirs).parameters
    defaults = ours | {name: known[name].default for name in inherited.split()}
    first, *others = (
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
        for name, default in defaults.items()
    )
    signature = inspect.Signature([first.replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD), *others])

    def store(self: Any, *args: Any, **params: Any) -> None:
        vars(self).update(defaults | signature.bind(*args, **params).arguments)

    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    store.__signature__ = inspect.Signature([this, *signature.parameters.values()])  # type: ignore[attr-defined]
    explained = f"{theirs.__module__.partition('._')[0]}.{theirs.__name__}"

    def refine(kind: Any) -> Any:
        kind.__init__, kind._refined = store, theirs
        kind.__doc__ = (
            f"{inspect.cleandoc(kind.__doc__ or '')}\n\n"
            f"See Also\n--------\n{explained} : Explains the parameters that are not explained here.\n"
        )
        return kind

    return refine
