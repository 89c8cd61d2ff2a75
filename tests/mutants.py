"""Break the code on purpose and see whether the tests notice: a test that cannot fail proves nothing.

    python tests/mutants.py              all mutants
    python tests/mutants.py plots gate   those whose file or test has one of these words in its path
    python tests/mutants.py --list       name them and run nothing

Each mutant changes one place in a temporary copy of src/ and runs the test files that must kill it; the checkout is
never touched. A mutant whose old text is not in its file exactly once is an error (exit code 2): whoever changes that
line writes the mutant anew. The exit code is 1 where fewer than nine tenths are killed or a mutant breaks the import.
Tests that need real data run where SEGMENTATION_DATA_DIR names it. Not collected by pytest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = Path("src/segmentation")
ENOUGH = 0.9
KILLED, SURVIVED = 1, 0
"""What pytest answers where a test failed, and where all passed; anything else means that none could run."""


@dataclass(frozen=True)
class Mutant:
    """One change that a test must notice."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def title(self) -> str:
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{self.file}: {old} -> {new}"


def of(file: str, tests: str, *changes: tuple[str, str]) -> list[Mutant]:
    """The mutants of one file, all to be killed by the same test files."""
    return [Mutant(file, old, new, tuple(f"tests/{test}" for test in tests.split())) for old, new in changes]


MUTANTS = [
    *of(
        "plots/_columns.py",
        "plots/test_plot_segments.py",
        (
            "[int(label) for label in present[present >= 0]] + ([-1] if (present < 0).any() else [])",
            "([-1] if (present < 0).any() else []) + [int(label) for label in present[present >= 0]]",
        ),
    ),
    *of(
        "plots/_curves.py",
        "plots/test_plot_curves_and_search.py",
        (
            'axes.plot(curve.ks, curve.values, color=PALETTE[0], marker="o"',
            'axes.plot(curve.ks, curve.values[::-1], color=PALETTE[0], marker="o"',
        ),
        ("order = np.argsort(np.asarray(ks, dtype=float), kind=\"stable\")", "order = np.arange(len(ks))"),
        ("int(x[np.nanargmax(y)])", "int(x[np.nanargmin(y)])"),
        ("int((ordered > eps).sum())", "int((ordered < eps).sum())"),
        ("axes.plot(info.ranks, info.distances,", "axes.plot(info.ranks, info.distances[::-1],"),
        ("key=lambda i: -np.nanmax(i.values)", "key=lambda i: np.nanmax(i.values)"),
        ("info.ks, info.values, markersize=5", "info.ks, -info.values, markersize=5"),
        ("curve.values[curve.ks == knee][0]", "curve.values[0]"),
    ),
    *of(
        "plots/_distributions.py",
        "plots/test_plot_distributions.py",
        ("shares = 100 * np.array(counts)", "shares = 100 - 100 * np.array(counts)"),
        ("key=lambda pair: (-pair[1], pair[0])", "key=lambda pair: (pair[1], pair[0])"),
        ("info.counts, widths", "info.counts[::-1], widths"),
        ("q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)", "q1 - 3 * (q3 - q1), q3 + 3 * (q3 - q1)"),
        ("return (value - median) / unit", "return (median - value) / unit"),
        ('"fliers": _thinned(box.outside)', '"fliers": -_thinned(box.outside)'),
        ("*info.histograms[i][j]", "*info.histograms[i][0]"),
    ),
    *of(
        "plots/_effects.py",
        "plots/test_plot_market.py",
        ("np.nan_to_num(effects),", "-np.nan_to_num(effects),"),
        ("heights[:, place], linewidth=1.6", "-heights[:, place], linewidth=1.6"),
        ("MARKS, MARKS_SHARE = 0.25, 0.25", "MARKS, MARKS_SHARE = 0.75, 0.25"),
        ("MARKS, MARKS_SHARE = 0.25, 0.25", "MARKS, MARKS_SHARE = 0.25, 0.75"),
        ('values_of(rows, "center"), short_number', 'values_of(rows, "effect"), short_number'),
        ("[color if mark else pale for", "[pale if mark else color for"),
    ),
    *of(
        "plots/_composition.py",
        "plots/test_plot_market.py",
        ("left=100 * left,", "left=0 * left,"),
        ('.groupby("level")["overall"].first())\n', '.groupby("level")["share"].first())\n'),
    ),
    *of(
        "plots/_candidates.py",
        "plots/test_plot_evidence.py",
        ('masked_invalid(info.values), cmap="Blues"', 'masked_invalid(1 - info.values), cmap="Blues"'),
        ("annotate_cells(axes, info.values, 1.1)", "annotate_cells(axes, info.values.T[::-1], 1.1)"),
        ('info.x,\n        info.y,\n        "o"', 'info.y,\n        info.x,\n        "o"'),
        ("info.x[info.winner], info.y[info.winner]", "info.y[info.winner], info.x[info.winner]"),
        ("np.lexsort((second[on_front], first[on_front]))", "np.lexsort((first[on_front], second[on_front]))"),
        (
            "axes.barh(range(len(values)), np.nan_to_num(values), color=colors",
            "axes.barh(range(len(values)), np.nan_to_num(values)[::-1], color=colors",
        ),
        ("values[~refused] if np.isfinite(v)", "values if np.isfinite(v)"),
        ("panels[0].set_ylim(n - 0.4, -0.6)", "panels[0].set_ylim(-0.6, n - 0.4)"),
        ('"silhouette": "Silhouette"}', '"silhouette": "Agreement"}'),
    ),
    *of(
        "plots/_segment_stability.py",
        "plots/test_plot_evidence.py",
        ("dot.column + dot.offset, dot.jaccard", "dot.column + dot.offset, 1 - dot.jaccard"),
        ('rows["jaccard"] >= 0.75', 'rows["jaccard"] >= 0.5'),
        ('(0.6, "not to be trusted")', '(0.7, "not to be trusted")'),
    ),
    *of(
        "plots/_tendency.py",
        "plots/test_plot_evidence.py",
        ("info.expected,\n            color=SOFT", "info.silhouettes,\n            color=SOFT"),
        ("info.ks, floor, info.expected", "info.ks, floor, info.silhouettes"),
    ),
    *of(
        "plots/_curves.py",
        "plots/test_plot_evidence.py",
        ("spread.values,\n        color", "spread.values / 2,\n        color"),
    ),
    *of(
        "plots/_flows.py",
        "plots/test_plot_evidence.py",
        ("ends[target.label] += count / n", "ends[target.label] += 0"),
        ('else _MIXED_TO_WHOLE(stability)', 'else _MIXED_TO_WHOLE(1 - stability)'),
        ("heights = [sizes[label] / sum(sizes.values())", "heights = [1 / len(sizes)"),
        ("axes.set_ylim(lowest + 0.02, -lowest - 0.02)", "axes.set_ylim(-lowest - 0.02, lowest + 0.02)"),
        ("np.column_stack([x, top + ribbon.height])", "np.column_stack([x, top - ribbon.height])"),
    ),
    *of(
        "plots/_life.py",
        "plots/test_plot_market.py",
        ("counts.sum(axis=1, keepdims=True)", "counts.sum(axis=0, keepdims=True)"),
        ('masked_invalid(info.shares), cmap="Blues"', 'masked_invalid(1 - info.shares), cmap="Blues"'),
        ("order = np.argsort(-values", "order = np.argsort(values"),
        ("LIMITS = (0.1, 0.25)", "LIMITS = (0.1, 0.5)"),
        ("axes.plot(new, row,", "axes.plot(old, row,"),
        ('signed_zero_free(new - old, "+.1f")', 'signed_zero_free(old - new, "+.1f")'),
        ("color=[BANDS[band] for band in info.bands]", "color=[BANDS[2 - band] for band in info.bands]"),
        ('dress(axes, "To", "From", grid="")', 'dress(axes, "From", "To", grid="")'),
    ),
    *of(
        "plots/_market.py",
        "plots/test_plot_market.py",
        ("axes.barh(places + 0.2, 100 * values,", "axes.barh(places + 0.2, 100 * info.sizes,"),
        ("{value / size:.2g} times", "{size / value:.2g} times"),
        ("52 * np.sqrt(b.customers / largest)", "52 * b.customers / largest"),
        ("            b.x,\n            b.y,\n", "            b.y,\n            b.x,\n"),
        ("-np.nan_to_num(b.score, nan=-1)", "np.nan_to_num(b.score, nan=-1)"),
        ('markerfacecolor="none" if b.out else color,', 'markerfacecolor=color if b.out else "none",'),
    ),
    *of(
        "plots/_profile.py",
        "plots/test_plot_segments.py",
        ("axes.imshow(info.differences,", "axes.imshow(info.differences[::-1],"),
        ('_by_segment(own, "effect", shown)', '-_by_segment(own, "effect", shown)'),
        ('_by_segment(rows, "center", shown), float', '_by_segment(rows, "center", shown)[::-1], float'),
        ('cmap="RdBu_r", vmin=-2, vmax=2', 'cmap="RdBu", vmin=-2, vmax=2'),
        ("np.nan_to_num(feature.values),", "np.nan_to_num(feature.values)[::-1],"),
        ("axes.axhline(feature.population,", "axes.axhline(0,"),
        ('named = rows[rows["level"] != OTHER]', "named = rows"),
        ('named["overall"].idxmax()', 'named["overall"].idxmin()'),
        ("axes.barh(places, info.counts,", "axes.barh(places, info.counts[::-1],"),
        ("annotate_cells(axes, info.differences, 2.0)", "annotate_cells(axes, -info.differences, 2.0)"),
        ("share_text(count, sum(info.counts))", "share_text(count, max(info.counts))"),
    ),
    *of(
        "plots/_relations.py",
        "plots/test_plot_relations.py",
        ("np.column_stack([across, values])", "np.column_stack([values, across])"),
        ("masked_invalid(values)", "masked_invalid(values[::-1])"),
        ('"RdBu_r", -1)', '"RdBu", -1)'),
        ('"Blues", 0)', '"Blues_r", 0)'),
        ("_draw_rho(axes, info.rho[i, j])", "_draw_rho(axes, -info.rho[i, j])"),
        ("axes.stairs(base + counts, edges, baseline=base", "axes.stairs(counts, edges, baseline=0"),
        ("names[i] not in measured", "names[i] in measured"),
        ("annotate_cells(axes, values, 1.0)", "annotate_cells(axes, 1 - values, 1.0)"),
    ),
    *of(
        "plots/_scatter.py",
        "plots/test_plot_segments.py",
        ("axes[:, ::-1][:, :2]", "axes[:, :2]"),
        ("np.where(strongest < 0, -1, 1)", "np.where(strongest > 0, -1, 1)"),
        ("tips = arrows /", "tips = -arrows /"),
        ("dict(enumerate(info.centers))", "dict(enumerate(info.centers[::-1]))"),
        (
            "dress(axes, with_unit(columns[0], units, 50), with_unit(columns[1], units, 40))",
            "dress(axes, with_unit(columns[1], units, 50), with_unit(columns[0], units, 40))",
        ),
        ("(axes.xaxis, axes.yaxis, axes.zaxis)", "(axes.zaxis, axes.yaxis, axes.xaxis)"),
        ("*center,\n                str(label)", "*center[::-1],\n                str(label)"),
    ),
    *of(
        "plots/_search.py",
        "plots/test_plot_curves_and_search.py",
        ("np.maximum.accumulate", "np.minimum.accumulate"),
        ("key=lambda pair: (-pair[1], pair[0])", "key=lambda pair: (pair[1], pair[0])"),
        ("name, (numbers_of - low)", "name, 1 - (numbers_of - low)"),
        ('ScalarMappable(norm, "viridis")', 'ScalarMappable(norm, "viridis_r")'),
        ("ring(axes, info.best, value,", "ring(axes, 0, value,"),
        ("numbers_of, info.running_best, drawstyle", "numbers_of, info.running_best[::-1], drawstyle"),
        ("good, info.values[good]", "good, -info.values[good]"),
        ("axes.plot(places, heights[info.best]", "axes.plot(places, heights[0]"),
    ),
    *of(
        "plots/_separation.py",
        "plots/test_plot_market.py",
        ("INNER, OUTER = 0.5, 0.95", "INNER, OUTER = 0.5, 0.5"),
        ("INNER, OUTER = 0.5, 0.95", "INNER, OUTER = 0.95, 0.95"),
        ("0.6 + 6 * pair.similarity", "6.6 - 6 * pair.similarity"),
        ("[0.05, 0.25, 0.5, 0.75, 0.95]", "[0.0, 0.25, 0.5, 0.75, 1.0]"),
        ("axes.vlines(places, low, high,", "axes.vlines(places, lower, upper,"),
        ("np.minimum(2 * own /", "np.minimum(own /"),
        ("axes.axhline(spread.median,", "axes.axhline(0,"),
    ),
    *of(
        "plots/_silhouette.py",
        "plots/test_plot_segments.py",
        ("widths = np.append(blade.values[ranks]", "widths = -np.append(blade.values[ranks]"),
        ("np.sort(values[given == label])[::-1]", "np.sort(values[given == label])"),
        ("axes.set_ylim(top, -gap)", "axes.set_ylim(-gap, top)"),
        ("axes.axvline(info.mean,", "axes.axvline(0,"),
        ("* len(blade.values) / info.n)", "/ len(info.blades))"),
        ("[blade.mean] * 2", "[info.mean] * 2"),
    ),
    *of(
        "plots/_style.py",
        "plots/test_plot_segments.py",
        ("axes.plot(*chosen.T,", "axes.plot(*chosen.T[::-1],"),
        ("int(np.sum(labels == s))", "int(np.sum(labels >= s))"),
        ('"color": color,\n', '"color": PALETTE[0],\n'),
    ),
    *of(
        "plots/_style.py",
        "plots/test_plot_text.py plots/test_plot_identities.py",
        ("NOISE_COLOR if label < 0 else palette_color(", "palette_color("),
        ("_known.get()[1].get(label, label))\n\n\ndef segment_marker", "label)\n\n\ndef segment_marker"),
        ("((1.0, 0.0), (0.5, 0.0), (0.5, 0.5))", "((1.0, 0.0), (1.0, 0.0), (0.5, 0.5))"),
        ('f"{label} · {name}" if', 'f"{label + 1} · {name}" if'),
        ("_known.reset(token)", "pass"),
    ),
    *of(
        "plots/_surrogate.py",
        "plots/test_plot_market.py",
        ("{node.purity:.0%} pure", "{1 - node.purity:.0%} pure"),
        ("1 + 7 * node.customers / max(total, 1)", "8 - 7 * node.customers / max(total, 1)"),
        ("min(ends, key=lambda n: n.customers)", "max(ends, key=lambda n: n.customers)"),
        ("axes.set_ylim(info.n_shown - 0.45, -0.55)", "axes.set_ylim(-0.55, info.n_shown - 0.45)"),
        ("color=segment_color(node.segment),", "color=segment_color(0),"),
    ),
    *of(
        "plots/_text.py",
        "plots/test_plot_text.py",
        ("(1e3 if letter == 'k' else size)", "(1e4 if letter == 'k' else size)"),
        ("share = count / total\n", "share = 1 - count / total\n"),
        ("return _escaped(_short(value, limit))", "return _short(value, limit)"),
    ),
    *of(
        "plots/_thumbnail.py",
        "plots/test_plot_segments.py plots/test_plot_rendering.py",
        ("axes.plot(matrix[chosen, 0], matrix[chosen, 1],", "axes.plot(matrix[chosen, 1], matrix[chosen, 0],"),
        ("low[0] - margin[0], high[0] + margin[0]", "high[0] + margin[0], low[0] - margin[0]"),
        ("        line.remove()", "        pass"),
    ),
    *of(
        "plots/_tree.py",
        "plots/test_plot_segments.py",
        ("Z[n - n_segments - 1 : n - n_segments + 1, 2].mean()", "Z[n - 2, 2]"),
        ("tuple(1 if leaf < n else", "tuple(2 if leaf < n else"),
        ("LineCollection(list(info.paths), colors=colors", "LineCollection(list(info.paths), colors=colors[::-1]"),
        ("markersize=7, color=segment_color(segment)", "markersize=7, color=segment_color(0)"),
        ('np.argsort(np.argsort(-members, kind="stable")', 'np.argsort(np.argsort(members, kind="stable")'),
    ),
    *of(
        "report/_data.py",
        "report/test_data_report.py",
        ("n = len(data.suggestions) - done", "n = len(data.suggestions)"),
        ('"To do otherwise" if s.automatic', '"To do otherwise" if not s.automatic'),
        ("if prepared.verdict != found.verdict:", "if prepared.verdict == found.verdict:"),
        ("if found.rows < n:\n        told", "if found.rows <= n:\n        told"),
        ("if rows < n else", "if rows <= n else"),
        ("if drawn < n else parts", "if drawn <= n else parts"),
        ("abs(value) >= 10_000", "abs(value) >= 1_000"),
        ('summary[name].map("{:.1%}"', '(1 - summary[name]).map("{:.1%}"'),
        ("MOST_ROWS = 100", "MOST_ROWS = 101"),
        ("MOST_DRAWN = 48", "MOST_DRAWN = 49"),
        ("{'otherwise: ' * s.automatic}", "{'otherwise: ' * (not s.automatic)}"),
    ),
    *of(
        "workflows/_explore.py",
        "workflows/test_data_exploration.py",
        ("TELLING = 0.1", "TELLING = 0.2"),
        ('features.categorical != "all"', 'features.categorical == "all"'),
        ("if treated else None", "if not treated else None"),
        ("permutation(len(X))[:PREVIEW_ROWS]", "permutation(len(X))"),
        ("np.sort(np.random", "np.array(np.random"),
        ("return [*first, *(c for", "return [*first[::-1], *(c for"),
        ("preparation, settable,", "preparation, (),"),
        ("fitted.log_ if fitted else ()", "()"),
        ("StandardScaler().fit_transform(X), seed", "X, seed"),
        ('"structure": self.verdict,', '"structure": self.prepared_verdict,'),
    ),
    *of(
        "evaluation/_subsamples.py",
        "evaluation/test_constants_of_choice.py evaluation/test_consensus.py",
        ("\nFITS = 6", "\nFITS = 4"),
        ("ALL_FITS = 20", "ALL_FITS = 8"),
        ("RESAMPLED_ROWS = 3_000", "RESAMPLED_ROWS = 100"),
        ("self.everyone if c.asked is None else self.some", "self.some"),
    ),
    *of(
        "evaluation/_contest.py",
        "evaluation/test_constants_of_choice.py evaluation/test_consensus.py",
        ("HINT, NOT_THERE = 2, 0.25", "HINT, NOT_THERE = 2, 0.75"),
        ("UNSURE = 0.1", "UNSURE = 0.0"),
        ("TIE = 0.1", "TIE = 0.0"),
        ("one.reproduced - error", "one.reproduced"),
        ("min_stability: float = 0.7", "min_stability: float = 0.1"),
        ("min_jaccard: float = STABLE_JACCARD", "min_jaccard: float = 0.1"),
        ("min_share: float = 0.02", "min_share: float = 0.0"),
        ("min_customers: int = 10", "min_customers: int = 0"),
    ),
    *of(
        "evaluation/_consensus.py",
        "evaluation/test_constants_of_choice.py evaluation/test_consensus.py",
        ("SHORTLIST = 16", "SHORTLIST = 2"),
        ("SURELY = float(np.log(20))", "SURELY = 0.0"),
        ("contest.evidence, lacking\n", 'contest.evidence, ""\n'),
        ("min_segments: int = 3", "min_segments: int = 2"),
        ("max_segments: int = 8", "max_segments: int = 6"),
    ),
    *of(
        "evaluation/_stability.py",
        "evaluation/test_constants_of_choice.py",
        ("_JACCARD = 0.75, 0.6", "_JACCARD = 0.1, 0.6"),
        ("_JACCARD = 0.75, 0.6", "_JACCARD = 0.75, 0.1"),
    ),
    *of(
        "evaluation/_boundaries.py",
        "evaluation/test_boundaries.py",
        ("if self._falls_apart(members):", "if False:"),
        ("minlength=1) > self.nearest.shape[1]", "minlength=1) > 0"),
    ),
    *of(
        "evaluation/_selection.py",
        "evaluation/test_selection.py evaluation/test_constants_of_choice.py",
        ("min_share: float = 0.01", "min_share: float = 0.1"),
        ("max_noise: float = 0.2", "max_noise: float = 0.9"),
        ("max_segments: int = 20", "max_segments: int = 5"),
        ("-round(c.scores.silhouette, 12), c.scores", "round(c.scores.silhouette, 12), c.scores"),
        ("silhouette, 12), c.scores.n_segments, c.number", "silhouette, 12), c.number"),
        ("if over > 1e-12", "if over > 0.5"),
    ),
    *of(
        "workflows/_validation.py",
        "commands/test_sweep.py::test_each_logged_figure_is_that_of_the_function_it_is_named_after",
        ("dbcv(yardstick.X, winner.labels, seed)", "0.5"),
        ("share_negative(values, sampled),", "0.0,"),
        ("gaps.values[at]", "gaps.values[0]"),
        ("gaps.errors[at]", "gaps.errors[0]"),
        ("prediction_strength(X, fit, FEWER_FITS // 2, seed)", "1.0"),
        ('"stability_spread": proof_of_winner.spread', '"stability_spread": 0.0'),
    ),
    *of(
        "study/_tables.py",
        "commands/test_sweep.py::test_each_logged_figure_is_that_of_the_function_it_is_named_after",
        ('{"stability": evidence.stability.score', '{"stability": 0.98'),
    ),
    *of(
        "clustering/rows.py",
        "study/test_fitter.py",
        ('return f"{name} {self.linkage}"', "return name"),
    ),
    *of(
        "clustering/centers.py",
        "study/test_fitter.py",
        ('return "kmeans"', "return name"),
        ("return isinstance(self.init, str)", "return True"),
    ),
    *of(
        "clustering/centers.py",
        "clustering/test_algorithm_rules.py",
        ("_SAME_INERTIA = 1e-4", "_SAME_INERTIA = 1.0"),
        ("key=lambda model: model.inertia_", "key=lambda model: -model.inertia_"),
    ),
    *of(
        "study/_fitter.py",
        "study/test_fitter.py",
        ("if key not in self._bases:", "if True:"),
        ("X, basis=self._shared(basis, X, key)", "X"),
    ),
    *of(
        "evaluation/_evidence.py",
        "evaluation/test_evidence_terms.py",
        ("return max(\n        (log", "return min(\n        (log"),
        ("NeighbourGraph.of(without_ties(X))", "NeighbourGraph.of(X)"),
        ("(plain, 2 * k * d)", "(plain, 0)"),
        ("(one, k * d + correlations)", "(one, k * (d + correlations))"),
    ),
    *of(
        "clustering/rows.py",
        "study/test_plan.py",
        (
            "QUANTILES = (0.9, 0.7, 0.98, 0.5, 0.8, 0.95, 0.6, 0.85, 0.995)",
            "QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.05, 0.15, 0.25, 0.35, 0.45)",
        ),
        ("SHARES = (0.01, 0.03, 0.08, 0.02, 0.05, 0.12)", "SHARES = (0.2, 0.3)"),
        ("np.quantile(curve, 0.3)", "np.quantile(curve, 0.9)"),
    ),
    *of(
        "study/_plan.py",
        "study/test_study.py::TestPlan",
        ("HANDFUL, MORE = 8, 10", "HANDFUL, MORE = 4, 10"),
        ("HANDFUL, MORE = 8, 10", "HANDFUL, MORE = 8, 20"),
    ),
    *of(
        "serving/_identity.py",
        "serving/test_identity.py",
        ("ALONE = 2.0", "ALONE = 0.5"),
        ("near > 0.5), near", "near > 0.1), near"),
        ("2 * self.shared >= self.before[:, None]", "4 * self.shared >= self.before[:, None]"),
        ("2 * self.shared >= self.after", "4 * self.shared >= self.after"),
        ("similarity, 0.0), maximize=True", "similarity, 0.0), maximize=False"),
        ("union = self.before[:, None] + self.after - self.shared", "union = self.before[:, None] + self.after"),
        ("for number in count(last_id + 1)", "for number in count(1)"),
        ("last_id = max([last_id, *(int(", "last_id = max([0, *(int("),
        ("color for color in count() if color not in used", "color for color in count()"),
        ("elif segment.named_by_user:", "elif not segment.named_by_user:"),
        ("(not given[j].named_by_user, j not in kept, j)", "(j not in kept, j)"),
        ("return (a - b) / spread if spread > 0 else None", "return a - b"),
        ("return float(a != b)", "return 0.0"),
        ("if old[i].id != new[j].id}", "if old[i].id == new[j].id}"),
        ("self.agreement == 1 and not self.changes", "self.agreement == 1"),
        ("adjusted_rand(*labels) if match.by", "0.5 if match.by"),
        ("noise > shared[best]", "noise < shared[best]"),
        ("(now @ (old_labels < 0), was @ (new_labels < 0))", "(now @ (new_labels < 0), was @ (old_labels < 0))"),
    ),
    *of(
        "serving/_gate.py",
        "serving/test_gate.py",
        ("min_segments: int | None = 2", "min_segments: int | None = 1"),
        ("silhouette_drop: float | None = 0.02", "silhouette_drop: float | None = 0.2"),
        ("min_stability: float | None = 0.7", "min_stability: float | None = 0.1"),
        ("min_jaccard: float | None = STABLE_JACCARD", "min_jaccard: float | None = 0.1"),
        ("min_share: float | None = 0.02", "min_share: float | None = 0.0"),
        ("min_customers: int | None = 10", "min_customers: int | None = 0"),
        ("max_noise: float | None = 0.2", "max_noise: float | None = 0.9"),
        ("same_ids: bool = True", "same_ids: bool = False"),
        ("served: bool = True", "served: bool = False"),
        ("least = other - self.silhouette_drop", "least = own - self.silhouette_drop"),
        ("challenger.space == champion.space", "True"),
        ("passed = bool(value >= least)", "passed = bool(value > least)"),
        ("passed = noise <= self.max_noise", "passed = noise < self.max_noise"),
        ("(challenger.labels, champion.labels)", "(challenger.labels, challenger.labels)"),
        ("np.argmin(sizes)", "np.argmax(sizes)"),
        ('yield Check(name, "not known", limit, False, why)', 'yield Check(name, "not known", limit, True, why)'),
        ("f\"{kept} of {kept}\", not strangers", "f\"{kept} of {kept}\", True"),
        ('"yes", not unservable, why', '"yes", True, why'),
        ("len(kept) > self.rows", "len(kept) > 10 * self.rows"),
        ("clone(model.algorithm).fit(X[rows])", "clone(model.algorithm).fit(X[kept])"),
    ),
]  # fmt: skip


def main(words: list[str]) -> int:
    """Run the mutants that the words name."""
    chosen = [m for m in MUTANTS if not words or any(w in text for w in words for text in (m.file, *m.tests))]
    lost = [m for m in MUTANTS if (ROOT / PACKAGE / m.file).read_text(encoding="utf-8").count(m.old) != 1]
    if lost:
        print("The old text of these is not in its file exactly once; write them anew:")
        print(*(f"  {m.title}" for m in lost), sep="\n")
        return 2
    if not chosen:
        print(f"No mutant has {' or '.join(words)} in the path of its file or tests.")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "conf").symlink_to(ROOT / "conf")
        require_copy(copy)
        for tests in dict.fromkeys(m.tests for m in chosen):
            if tested(copy, tests) != SURVIVED:
                print(f"{' '.join(tests)} must pass before anything is broken.")
                return 2
        answers = {m: attacked(copy, m) for m in chosen}
    return told(answers)


def attacked(copy: Path, mutant: Mutant) -> int:
    """What the tests say of one mutant."""
    file = copy / PACKAGE / mutant.file
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        answer = tested(copy, mutant.tests)
    finally:
        file.write_text(whole, encoding="utf-8")
    print({KILLED: "killed  ", SURVIVED: "SURVIVED"}.get(answer, "BROKEN  "), mutant.title, flush=True)
    return answer


def tested(copy: Path, tests: tuple[str, ...]) -> int:
    """The exit code of pytest, on the copy of the package."""
    words = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-x", "-p", "no:cacheprovider", *tests]
    return subprocess.run(words, cwd=ROOT, env=environment(copy), capture_output=True, check=False).returncode


def environment(copy: Path) -> dict[str, str]:
    """Python sees the copy of the package, and keeps no bytecode: of the same second it would hide a change."""
    return {**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"}


def require_copy(copy: Path) -> None:
    """Refuse to go on where the tests would see another package than the copy."""
    ask = [sys.executable, "-c", "import importlib.util as i; print(i.find_spec('segmentation').origin)"]
    found = subprocess.run(ask, cwd=ROOT, env=environment(copy), capture_output=True, text=True, check=True)
    if not found.stdout.startswith(str(copy)):
        raise SystemExit(f"the tests would see {found.stdout.strip()} and not the copy in {copy}")


def told(answers: dict[Mutant, int]) -> int:
    """Print the share that was killed and the others; the exit code."""
    killed = sum(answer == KILLED for answer in answers.values())
    print(f"\n{killed} of {len(answers)} killed ({killed / len(answers):.0%})")
    for mutant, answer in answers.items():
        if answer != KILLED:
            print(f"  {'survived' if answer == SURVIVED else 'broken'}: {mutant.title}")
    broken = any(answer not in (KILLED, SURVIVED) for answer in answers.values())
    return int(broken or killed < ENOUGH * len(answers))


if __name__ == "__main__":
    if "--list" in sys.argv:
        print(*(mutant.title for mutant in MUTANTS), sep="\n")
        sys.exit()
    sys.exit(main(sys.argv[1:]))
