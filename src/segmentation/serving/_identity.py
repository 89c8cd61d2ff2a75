"""Which segment of a new model is which of the champion's, so that ids, names and colours outlive retraining."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Literal, Self

import numpy as np
from scipy.optimize import linear_sum_assignment

from segmentation.evaluation import adjusted_rand
from segmentation.serving._segment import Segment

Labels = np.ndarray
Pairs = dict[int, int]
"""Position of a champion's segment -> position of the new segment that it goes on as."""

ALONE = 2.0
"""Standard deviations that count as the way to the nearest other segment where a model has only one."""


@dataclass(frozen=True)
class Change:
    """A change of one or more segments between two models.

    Attributes
    ----------
    kind : {"split", "merged", "new", "vanished"}
        What happened.
    before, after : tuple of str
        Ids of the champion's segments that it concerns, and of the new model's.
    sentence : str
        The same in words: ``high income, low spending (S3) was split into S3 and S6``.
    """

    kind: Literal["split", "merged", "new", "vanished"]
    before: tuple[str, ...]
    after: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Lineage:
    """How the segments of a model descend from those of another.

    Attributes
    ----------
    matched_by : {"customers", "centers", "nothing"}
        What was compared: the segments that both models put the same customers into; the segments' centres,
        where the champion cannot label these customers; nothing, where there is no champion.
    kept : mapping of str to float
        Id of each segment that is still there -> Jaccard similarity of its customers before and now; where
        centres were compared 1 - distance / distance to the champion's next segment. 1 is the same.
    strangers : mapping of str to str
        Id of each of these that has another one in the new model -> that one; from `compare` only.
    changes : tuple of Change
        What became of all others.
    agreement : float or None
        Adjusted Rand index of both labellings of the same customers, noise as one group; None without them.
    last_id : int
        The highest number that an id was made of so far, in any version.
    """

    matched_by: Literal["customers", "centers", "nothing"]
    kept: Mapping[str, float]
    strangers: Mapping[str, str]
    changes: tuple[Change, ...]
    agreement: float | None
    last_id: int

    @property
    def exact(self) -> bool:
        """Whether every customer stays where it was, whatever the numbers of the segments."""
        return self.agreement == 1 and not self.changes

    @property
    def sentences(self) -> tuple[str, ...]:
        """What happened, for people."""
        return tuple(change.sentence for change in self.changes)


def identify(
    segments: Sequence[Segment],
    champion: Sequence[Segment] = (),
    labels: tuple[Labels, Labels] | None = None,
    spread: Mapping[str, float] | None = None,
    last_id: int = 0,
) -> tuple[tuple[Segment, ...], Lineage]:
    """Give new segments the identity of the old ones that still exist, and the others a new one.

    Parameters
    ----------
    segments : sequence of Segment
        The new model's, with numbers, generated or given names, sizes, shares, centres and traits; ids and
        colours are set here.
    champion : sequence of Segment
        Those to go on from; empty where this is the first model.
    labels : (ndarray of int, ndarray of int), optional
        What the champion and the new model say of the same customers, both of shape (n,), -1 is noise.
        Without them centres are compared.
    spread : mapping of str to float
        Numeric feature -> standard deviation of the new model's customers: the scale of the comparison of
        centres. Features without one are left out.
    last_id : int, default=0
        The highest number that any version used in an id; new ones go on from it, and none is given twice.

    Returns
    -------
    segments : tuple of Segment
        In the order given.
    lineage : Lineage

    Notes
    -----
    A segment is still there where at least half of the customers that were in it are in one new segment, and
    at least half of that one's customers come from it; their Jaccard similarity is then a third or more, and
    any pair with a Jaccard similarity of a half, the line below which Hennig (2007) calls a cluster dissolved,
    is such a pair. Only exact halves leave a choice, which the assignment of the largest total similarity
    makes. The larger part of a segment that falls into two thus keeps the identity; of one that falls into
    three parts of which none holds half, none does.

    By centres a segment is still there where the new centre that an optimal assignment gives it is nearer than
    half the way to the champion's next segment. A person's name wins over a generated one, and the champion's
    over that of the new model.
    """
    match = _match(champion, segments, labels, spread or {})
    last_id = max([last_id, *(int(s.id[1:]) for s in champion if s.id[1:].isdecimal())])
    named = _with_identity({j: champion[i] for i, j in match.pairs.items()}, segments, last_id)
    return named, _lineage(champion, named, match, labels, last_id + len(named) - len(match.pairs))


def compare(
    segments: Sequence[Segment],
    champion: Sequence[Segment],
    labels: tuple[Labels, Labels] | None = None,
    spread: Mapping[str, float] | None = None,
) -> Lineage:
    """Say how the segments of a model descend from the champion's, by the ids that they have.

    Parameters
    ----------
    segments, champion : sequence of Segment
        Both with ids.
    labels, spread
        As for `identify`.

    Returns
    -------
    Lineage
        `strangers` holds the segments that are still there under another id: the model was not trained as a
        successor of this champion.
    """
    match = _match(champion, segments, labels, spread or {})
    ids = [int(s.id[1:]) for s in (*champion, *segments) if s.id[1:].isdecimal()]
    return _lineage(champion, segments, match, labels, max(ids, default=0))


@dataclass(frozen=True, eq=False)
class _Match:
    """Which old segment continues as which new one, how similar any two are, and how they were compared."""

    by: Literal["customers", "centers", "nothing"]
    pairs: Pairs
    similarity: np.ndarray
    overlap: "_Overlap | None" = None


def _match(
    old: Sequence[Segment],
    new: Sequence[Segment],
    labels: tuple[Labels, Labels] | None,
    spread: Mapping[str, float],
) -> _Match:
    if not old:
        return _Match("nothing", {}, np.empty((0, len(new))))
    if labels is None:
        near = _nearness(old, new, spread)
        return _Match("centers", _assigned(near, near > 0.5), near)
    overlap = _Overlap.of(old, new, *labels)
    mutual = overlap.goes_into & overlap.comes_from
    return _Match("customers", _assigned(overlap.jaccard, mutual), overlap.jaccard, overlap)


def _lineage(
    old: Sequence[Segment],
    new: Sequence[Segment],
    match: _Match,
    labels: tuple[Labels, Labels] | None,
    last_id: int,
) -> Lineage:
    return Lineage(
        matched_by=match.by,
        kept={old[i].id: float(match.similarity[i, j]) for i, j in match.pairs.items()},
        strangers={old[i].id: new[j].id for i, j in match.pairs.items() if old[i].id != new[j].id},
        changes=() if match.by == "nothing" else _told(old, new, match),
        agreement=adjusted_rand(*labels) if match.by == "customers" and labels else None,
        last_id=last_id,
    )


@dataclass(frozen=True, eq=False)
class _Overlap:
    """Customers that an old and a new segment share, and those that each has; noise beside them."""

    shared: np.ndarray
    before: np.ndarray
    after: np.ndarray
    from_noise: np.ndarray
    to_noise: np.ndarray

    @classmethod
    def of(
        cls, old: Sequence[Segment], new: Sequence[Segment], old_labels: Labels, new_labels: Labels
    ) -> Self:
        was = np.array([old_labels == s.number for s in old], dtype=float).reshape(len(old), -1)
        now = np.array([new_labels == s.number for s in new], dtype=float).reshape(len(new), len(was.T))
        outside = (now @ (old_labels < 0), was @ (new_labels < 0))
        return cls(was @ now.T, was.sum(axis=1), now.sum(axis=1), *outside)

    @property
    def jaccard(self) -> np.ndarray:
        union = self.before[:, None] + self.after - self.shared
        return self.shared / np.maximum(union, 1)

    @property
    def goes_into(self) -> np.ndarray:
        """Whether at least half of an old segment is in a new one."""
        return (self.shared > 0) & (2 * self.shared >= self.before[:, None])

    @property
    def comes_from(self) -> np.ndarray:
        """Whether at least half of a new segment was in an old one."""
        return (self.shared > 0) & (2 * self.shared >= self.after)


def _assigned(similarity: np.ndarray, possible: np.ndarray) -> Pairs:
    """The pairs of the largest total similarity, of those that are possible."""
    rows, columns = linear_sum_assignment(np.where(possible, similarity, 0.0), maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if possible[i, j]}


def _nearness(old: Sequence[Segment], new: Sequence[Segment], spread: Mapping[str, float]) -> np.ndarray:
    """1 - distance of two centres / distance to the old one's nearest neighbour, where that is above 0."""
    here = _distances(old, new, spread)
    among = _distances(old, old, spread)
    np.fill_diagonal(among, np.inf)
    gap = among.min(axis=1, initial=np.inf)
    gap = np.where(np.isfinite(gap), gap, ALONE)[:, None]
    return np.maximum(0.0, 1 - np.divide(here, gap, out=np.ones_like(here), where=gap > 0))


def _distances(old: Sequence[Segment], new: Sequence[Segment], spread: Mapping[str, float]) -> np.ndarray:
    """Distances of centres: numbers in standard deviations, levels 0 or 1; infinite without common features."""
    distances = np.full((len(old), len(new)), np.inf)
    for i, a in enumerate(old):
        for j, b in enumerate(new):
            steps = [
                step
                for column in a.center.keys() & b.center.keys()
                if (step := _step(a.center[column], b.center[column], spread.get(column, 0.0))) is not None
            ]
            if steps:
                distances[i, j] = float(np.sqrt(np.sum(np.square(steps))))
    return distances


def _step(a: float | str, b: float | str, spread: float) -> float | None:
    if isinstance(a, str) or isinstance(b, str):
        return float(a != b)
    return (a - b) / spread if spread > 0 else None


def _with_identity(kept: Mapping[int, Segment], new: Sequence[Segment], last_id: int) -> tuple[Segment, ...]:
    used = {segment.color for segment in kept.values()}
    colors = (color for color in count() if color not in used)
    ids = (f"S{number}" for number in count(last_id + 1))
    given = []
    for j, segment in enumerate(new):
        before = kept.get(j)
        if before is None:
            given.append(replace(segment, id=next(ids), color=next(colors)))
        elif segment.named_by_user:
            given.append(replace(segment, id=before.id, color=before.color))
        else:
            name, by_user = before.name, before.named_by_user
            given.append(replace(segment, id=before.id, color=before.color, name=name, named_by_user=by_user))
    # Of two segments with one name, that named by a person keeps it, then the older one.
    order = sorted(range(len(given)), key=lambda j: (not given[j].named_by_user, j not in kept, j))
    names: dict[int, str] = {}
    for j in order:
        names[j] = _unused(given[j].name, names.values())
    return tuple(replace(segment, name=names[j]) for j, segment in enumerate(given))


def _unused(name: str, taken: Iterable[str]) -> str:
    others = set(taken)
    further = (f"{name} {number}" for number in count(2))
    return name if name not in others else next(other for other in further if other not in others)


def _told(old: Sequence[Segment], new: Sequence[Segment], match: _Match) -> tuple[Change, ...]:
    pairs, overlap = match.pairs, match.overlap
    changes: list[Change] = []
    told_before, told_after = set(pairs), set(pairs.values())
    if overlap is not None:
        for i, parts in _groups(overlap.comes_from, pairs).items():
            ids = tuple(new[j].id for j in parts)
            changes.append(
                Change("split", (old[i].id,), ids, f"{_said(old[i])} was split into {_listed(ids)}")
            )
            told_before.add(i)
            told_after.update(parts)
        for j, parts in _groups(overlap.goes_into.T, {j: i for i, j in pairs.items()}).items():
            whole = _listed([_said(old[i]) for i in parts])
            ids = tuple(old[i].id for i in parts)
            changes.append(Change("merged", ids, (new[j].id,), f"{whole} were merged into {_said(new[j])}"))
            told_before.update(parts)
            told_after.add(j)
    for i in (i for i in range(len(old)) if i not in told_before):
        went = overlap and _most(overlap.shared[i], overlap.to_noise[i], overlap.before[i], new)
        tail = f"; {went[0]} of its customers are in {went[1]} now" if went else ""
        changes.append(Change("vanished", (old[i].id,), (), f"{_said(old[i])} is gone{tail}"))
    for j in (j for j in range(len(new)) if j not in told_after):
        came = overlap and _most(overlap.shared[:, j], overlap.from_noise[j], overlap.after[j], old)
        tail = f"; {came[0]} of its customers were in {came[1]}" if came else ""
        changes.append(Change("new", (), (new[j].id,), f"{_said(new[j])} is new{tail}"))
    return tuple(changes)


def _groups(belongs: np.ndarray, pairs: Pairs) -> dict[int, list[int]]:
    """Row -> two or more columns that belong to it and are not paired with another row."""
    partner = {j: i for i, j in pairs.items()}
    found = {
        i: [j for j in np.flatnonzero(row).tolist() if partner.get(j, i) == i]
        for i, row in enumerate(belongs)
    }
    return {i: columns for i, columns in found.items() if len(columns) > 1}


def _most(shared: np.ndarray, noise: float, size: float, others: Sequence[Segment]) -> tuple[str, str] | None:
    """The share of a segment's customers that is in one other, and which; None without customers."""
    if size == 0:
        return None
    best = int(np.argmax(shared)) if len(shared) else -1
    if best < 0 or noise > shared[best]:
        return f"{noise / size:.0%}", "no segment"
    return f"{shared[best] / size:.0%}", _said(others[best])


def _said(segment: Segment) -> str:
    return f"{segment.name} ({segment.id})"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
