from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from segmentation.clustering import KMeans
from segmentation.data import MallFile
from segmentation.serving import Segment, compare, identify

WORDS = {0: "low", 1: "mid", 2: "high"}


def cards(labels, X=None, names=None):
    """A segment for each label, as a model would have it before it is given an identity."""
    found = []
    for s in range(int(labels.max(initial=-1)) + 1):
        inside = labels == s
        center = {} if X is None else {f"x{c}": float(v) for c, v in enumerate(X[inside].mean(axis=0))}
        name = (names or {}).get(s, f"generated {s}")
        found.append(Segment(s, "", name, int(inside.sum()), float(inside.mean()), center))
    return tuple(found)


def champion(labels, **given):
    return identify(cards(labels, **given))[0]


def labelled(*sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


class TestMall:
    @pytest.fixture
    def mall(self, real_data):
        table = MallFile(path=str(real_data / "Mall_Customers.csv")).read().table
        return StandardScaler().fit_transform(table[["annual_income", "spending_score"]])

    @staticmethod
    def named(mall, labels):
        place = {-1: "low", 0: "mid", 1: "high"}
        effects = [mall[labels == s].mean(axis=0) for s in range(labels.max() + 1)]
        rounded = [[int(v > 0.5) - int(v < -0.5) for v in effect] for effect in effects]
        return {s: f"{place[a]} income, {place[b]} spending" for s, (a, b) in enumerate(rounded)}

    @pytest.fixture
    def model(self, mall):
        return KMeans(n_clusters=5, random_state=0).fit(mall)

    @pytest.fixture
    def segments(self, mall, model):
        return champion(model.labels_, X=mall, names=self.named(mall, model.labels_))

    def test_segments_keep_id_name_and_colour_on_every_bootstrap_sample(self, mall, model, segments):
        by_id = {s.id: s for s in segments}
        truth = {s.id: set(np.flatnonzero(model.labels_ == s.number)) for s in segments}
        assert [s.id for s in segments] == ["S1", "S2", "S3", "S4", "S5"]
        numbers = set()
        for seed in range(20):
            rows = np.random.default_rng(seed).choice(len(mall), len(mall))
            again = KMeans(n_clusters=5, random_state=seed).fit(mall[rows])
            labels = model.predict(mall[rows]), again.labels_
            found, lineage = identify(cards(again.labels_, X=mall[rows]), segments, labels, last_id=5)
            assert lineage.sentences == ()
            assert {s.id for s in found} == set(by_id)
            for s in found:
                assert (s.name, s.color) == (by_id[s.id].name, by_id[s.id].color)
                # It is the same people, too, not just the same id.
                people = set(np.flatnonzero(again.predict(mall) == s.number))
                assert len(people & truth[s.id]) / len(people | truth[s.id]) > 0.9
            numbers.add(tuple(s.id for s in sorted(found, key=lambda s: s.number)))
        # The numbers go by size and do change, or nothing was tested.
        assert len(numbers) > 1

    def test_centres_tell_the_same_where_no_customer_is_known(self, mall, model, segments):
        spread = {"x0": 1.0, "x1": 1.0}
        for seed in range(20):
            rows = np.random.default_rng(seed).choice(len(mall), len(mall))
            again = KMeans(n_clusters=5, random_state=seed).fit(mall[rows])
            found, lineage = identify(cards(again.labels_, X=mall[rows]), segments, spread=spread, last_id=5)
            by_people, _ = identify(
                cards(again.labels_, X=mall[rows]),
                segments,
                (model.predict(mall[rows]), again.labels_),
                last_id=5,
            )
            assert lineage.matched_by == "centers"
            assert found == by_people

    def test_one_segment_more_is_told_as_the_split_it_is(self, mall, model, segments):
        six = KMeans(n_clusters=6, random_state=0).fit(mall)
        found, lineage = identify(
            cards(six.labels_, X=mall), segments, (model.labels_, six.labels_), last_id=5
        )
        assert lineage.sentences == ("high income, high spending (S2) was split into S2 and S6",)
        assert {s.id: s.size for s in found} == {"S1": 80, "S2": 28, "S3": 36, "S4": 23, "S5": 22, "S6": 11}
        assert next(s for s in found if s.id == "S6").color == 5

    def test_one_segment_less_is_told_as_the_merger_it_is(self, mall, model, segments):
        six = KMeans(n_clusters=6, random_state=0).fit(mall)
        named = champion(six.labels_, names=self.named(mall, six.labels_))
        five, lineage = identify(cards(model.labels_), named, (six.labels_, model.labels_))
        (sentence,) = lineage.sentences
        assert sentence == (
            "high income, high spending (S3) and high income, high spending 2 (S6) were merged into "
            "high income, high spending (S3)"
        )
        assert {s.id for s in five} == {"S1", "S2", "S3", "S4", "S5"}


partitions = st.lists(st.integers(-1, 4), min_size=1, max_size=60).map(np.array)


def dense(labels):
    """The same groups, numbered without gaps."""
    kept = np.unique(labels[labels >= 0])
    return np.where(labels < 0, -1, np.searchsorted(kept, labels))


@given(partitions, st.randoms(use_true_random=False))
def test_the_same_groups_under_other_numbers_are_an_exact_match(labels, random):
    labels = dense(labels)
    k = labels.max() + 1
    order = list(range(k))
    random.shuffle(order)
    permuted = np.where(labels < 0, -1, np.array([*order, -1])[labels])
    old = champion(labels)
    found, lineage = identify(cards(permuted), old, (labels, permuted), last_id=k)
    assert lineage.exact == (k > 0)
    assert lineage.last_id == k
    assert {old[i].id: old[i].color for i in range(k)} == {
        found[order[i]].id: found[order[i]].color for i in range(k)
    }
    assert [old[i].name for i in range(k)] == [found[order[i]].name for i in range(k)]


@given(partitions, partitions, st.integers(0, 20))
def test_every_segment_is_told_of_once_and_no_id_is_given_twice(before, after, last_id):
    n = min(len(before), len(after))
    before, after = dense(before[:n]), dense(after[:n])
    old = champion(before)
    found, lineage = identify(cards(after), old, (before, after), last_id=last_id)
    ids = [s.id for s in found]
    assert len(set(ids)) == len(ids)
    assert len({s.name for s in found}) == len({s.color for s in found}) == len(ids)
    was = {s.id for s in old}
    fresh = [int(i[1:]) for i in ids if i not in was]
    assert fresh == sorted(fresh)
    assert all(number > max(last_id, len(old)) for number in fresh)
    assert lineage.last_id == max([last_id, len(old), *fresh])
    assert set(lineage.kept) == was & set(ids)
    assert all(1 / 3 <= overlap <= 1 for overlap in lineage.kept.values())
    if old:
        assert was == set(lineage.kept) | {i for c in lineage.changes for i in c.before}
        assert set(ids) == set(lineage.kept) | {i for c in lineage.changes for i in c.after}
    assert all(c.kind in ("split", "merged") or len(c.before + c.after) == 1 for c in lineage.changes)


@given(partitions, partitions)
def test_half_of_the_customers_together_is_enough(before, after):
    n = min(len(before), len(after))
    before, after = dense(before[:n]), dense(after[:n])
    found, lineage = identify(cards(after), champion(before), (before, after))
    numbers = {s.id: s.number for s in found}
    for i in range(before.max() + 1):
        for j in range(after.max() + 1):
            both, either = ((before == i) & (after == j)).sum(), ((before == i) | (after == j)).sum()
            if 2 * both > either:
                assert numbers[f"S{i + 1}"] == j
                assert lineage.kept[f"S{i + 1}"] == pytest.approx(both / either)


def test_three_parts_of_which_none_holds_half_leave_no_heir():
    before, after = labelled(100), labelled(40, 30, 30)
    _, lineage = identify(cards(after), champion(before), (before, after))
    assert lineage.sentences == ("generated 0 (S1) was split into S2, S3 and S4",)


def test_of_two_halves_the_first_keeps_the_identity():
    before, after = labelled(100), labelled(50, 50)
    found, lineage = identify(cards(after), champion(before), (before, after))
    assert [s.id for s in found] == ["S1", "S2"]
    assert lineage.sentences == ("generated 0 (S1) was split into S1 and S2",)


def test_what_comes_from_many_is_new_and_what_goes_to_many_is_gone():
    before, after = labelled(60, 60, 60), labelled(60, 60, 60)
    after = after.copy()
    after[[*range(15), *range(60, 75), *range(120, 135)]] = 3
    after[120:180] = np.where(after[120:180] == 2, np.repeat([0, 1, 2, -1], 15), after[120:180])
    found, lineage = identify(cards(after), champion(before), (before, after), last_id=3)
    assert [c.kind for c in lineage.changes] == ["vanished", "new", "new"]
    assert lineage.sentences[0].startswith("generated 2 (S3) is gone; 25% of its customers are in")
    assert "(S4) is new; 100% of its customers were in generated 2 (S3)" in lineage.sentences[1]
    assert "(S5) is new; 33% of its customers were in generated 0 (S1)" in lineage.sentences[2]
    assert {s.id for s in found} == {"S1", "S2", "S4", "S5"}


def test_a_segment_that_becomes_noise_is_gone():
    before, after = labelled(50, 30), np.repeat([0, -1], [50, 30])
    _, lineage = identify(cards(after), champion(before), (before, after))
    assert lineage.sentences == ("generated 1 (S2) is gone; 100% of its customers are in no segment now",)


def test_a_new_segment_takes_the_smallest_colour_that_is_free():
    before = labelled(50, 40, 30, 20)
    after = np.where(before == 1, -1, before)
    found, lineage = identify(cards(dense(after)), champion(before), (before, dense(after)))
    assert [s.color for s in found] == [0, 2, 3]
    back, _ = identify(cards(before), found, (dense(after), before), last_id=lineage.last_id)
    assert [(s.id, s.color) for s in back] == [("S1", 0), ("S5", 1), ("S3", 2), ("S4", 3)]


class TestNames:
    before = labelled(50, 40)

    @pytest.fixture
    def old(self):
        vip, rest = champion(self.before)
        return replace(vip, name="VIP", named_by_user=True), rest

    def test_a_persons_name_survives(self, old):
        found, _ = identify(cards(self.before), old, (self.before, self.before))
        assert [(s.name, s.named_by_user) for s in found] == [("VIP", True), ("generated 1", False)]

    def test_a_person_may_change_a_name(self, old):
        given = [replace(s, name=f"mine {s.number}", named_by_user=True) for s in cards(self.before)]
        found, _ = identify(given, old, (self.before, self.before))
        assert [(s.name, s.named_by_user) for s in found] == [("mine 0", True), ("mine 1", True)]

    def test_the_part_that_is_split_off_does_not_take_the_name(self, old):
        after = labelled(30, 20, 40)
        given = [replace(s, name="VIP", named_by_user=True) if s.number == 1 else s for s in cards(after)]
        found, _ = identify(given, old, (self.before, after))
        assert [(s.id, s.name) for s in found] == [("S1", "VIP"), ("S3", "VIP 2"), ("S2", "generated 1")]

    def test_a_persons_name_wins_over_an_older_generated_one(self):
        before, after = labelled(50), labelled(40, 10)
        given = [replace(s, name="generated 0", named_by_user=s.number == 1) for s in cards(after)]
        found, _ = identify(given, champion(before), (before, after))
        assert [(s.id, s.name) for s in found] == [("S1", "generated 0 2"), ("S2", "generated 0")]


def test_who_lost_a_segment_is_not_exact_though_these_customers_stay_together():
    together = labelled(10)
    _, lineage = identify(cards(together), champion(labelled(5, 5)), (together, together))
    assert lineage.agreement == 1
    assert [change.kind for change in lineage.changes] == ["vanished"]
    assert not lineage.exact


class TestCentres:
    old = (
        Segment(0, "S1", "near", 50, 0.5, {"spend": 0.0, "city": "Leeds"}),
        Segment(1, "S4", "far", 50, 0.5, {"spend": 10.0, "city": "Leeds"}),
    )

    def test_a_centre_that_moved_less_than_half_the_way_is_the_same_segment(self):
        new = [
            replace(s, id="", name="x", center={**s.center, "spend": v})
            for s, v in zip(self.old, (14.0, 4.9), strict=True)
        ]
        found, lineage = identify(new, self.old, spread={"spend": 1.0}, last_id=7)
        assert [s.id for s in found] == ["S4", "S1"]
        assert lineage.kept == {"S1": pytest.approx(0.51), "S4": pytest.approx(0.6)}
        assert lineage.agreement is None
        assert not lineage.exact

    def test_one_that_moved_half_the_way_is_another(self):
        new = [replace(self.old[0], id="", name="x", center={"spend": 5.0, "city": "Leeds"})]
        found, lineage = identify(new, self.old, spread={"spend": 1.0}, last_id=7)
        assert (found[0].id, lineage.last_id) == ("S8", 8)
        assert lineage.sentences == ("near (S1) is gone", "far (S4) is gone", "x (S8) is new")

    @pytest.mark.parametrize(("moved", "kept"), [(0.9, True), (1.1, False)])
    def test_a_segment_without_neighbours_may_move_by_one_standard_deviation(self, moved, kept):
        alone = replace(self.old[0], center={"spend": 0.0})
        new = [replace(alone, id="", name="x", center={"spend": 3 * moved})]
        found, _ = identify(new, [alone], spread={"spend": 3.0})
        assert (found[0].id == alone.id) == kept

    @pytest.mark.parametrize(("city", "kept"), [("Leeds", True), ("York", False)])
    def test_another_level_is_one_standard_deviation_away(self, city, kept):
        alone = replace(self.old[0], center={"city": "Leeds"})
        found, _ = identify([replace(alone, id="", name="x", center={"city": city})], [alone])
        assert (found[0].id == alone.id) == kept

    def test_models_without_a_common_feature_have_no_common_segment(self):
        new = [replace(s, id="", name="x", center={"age": 40.0}) for s in self.old]
        found, _ = identify(new, self.old, spread={"age": 1.0, "spend": 1.0})
        assert [s.id for s in found] == ["S5", "S6"]


def test_the_first_model_counts_from_the_start_and_tells_nothing():
    found, lineage = identify(cards(labelled(30, 20)))
    assert [(s.id, s.color) for s in found] == [("S1", 0), ("S2", 1)]
    assert (lineage.matched_by, lineage.sentences, lineage.agreement) == ("nothing", (), None)
    assert not lineage.exact


def test_a_model_without_segments_ends_all_of_them():
    nothing = np.full(50, -1)
    found, lineage = identify((), champion(labelled(30, 20)), (labelled(30, 20), nothing))
    assert found == ()
    assert [c.kind for c in lineage.changes] == ["vanished", "vanished"]


class TestCompare:
    before = labelled(50, 40)
    after = labelled(30, 20, 40)

    def test_a_successor_is_told_by_the_ids_that_it_has(self):
        old = champion(self.before)
        new, lineage = identify(cards(self.after), old, (self.before, self.after), last_id=7)
        told = compare(new, old, (self.before, self.after))
        assert told == lineage
        assert told.sentences == ("generated 0 (S1) was split into S1 and S8",)

    def test_one_that_is_not_has_strangers(self):
        stranger, _ = identify(cards(self.after), last_id=2)
        told = compare(stranger, champion(self.before), (self.before, self.after))
        assert told.strangers == {"S1": "S3", "S2": "S5"}
