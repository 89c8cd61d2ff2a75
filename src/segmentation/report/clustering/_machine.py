"""The segments for machines."""

from typing import Any

import numpy as np
import pandas as pd

from segmentation.report.clustering._study import StudyReport


def to_json(report: StudyReport) -> dict[str, Any]:
    """Everything a report says in words and figures, as plain values.

    Parameters
    ----------
    report : StudyReport

    Returns
    -------
    dict
        Of str, int, float, bool, None, lists and dicts only; what is not known is None, so that it is strict JSON.
    """
    return {
        "title": report.title,
        "data": report.data,
        "fingerprint": report.fingerprint,
        "n_customers": report.n_customers,
        "n_segments": len(report.segments),
        "verdict": report.verdict or None,
        "verdict_sentence": report.sentence or None,
        "reason": report.reason or None,
        "unsure": report.unsure or None,
        "features": list(report.profile.features),
        "descriptors": list(report.profile.descriptors),
        "units": dict(report.profile.units),
        "segments": [_segment(report, s) for s in report.labels],
        "largest_customers": _records(report.profile.largest),
        "tests": _records(report.profile.tests),
        "rules": {"fidelity": _plain(report.rules.fidelity), "case": report.rules.case}
        if report.rules
        else None,
        "findings": list(report.findings),
        "notes": list(report.notes),
        "versions": dict(report.versions),
        "command": report.command or None,
    }


def to_frame(report: StudyReport) -> pd.DataFrame:
    """One row a segment: what a spreadsheet needs.

    Parameters
    ----------
    report : StudyReport

    Returns
    -------
    DataFrame
        Index segment (customers in none, -1, last): id, name, customers, share, value and value_share, the evidence,
        the rule, the recommendation, the target rank, and the mean of each number and share of each level.
    """
    rows = []
    for s in report.labels:
        rule, advice = report.rule(s), report.recommended(s)
        known = {
            "id": report.ids.get(s, ""),
            "name": report.names[s],
            **report.profile.segments.loc[s].to_dict(),
            **report.figures(s),
        }
        if rule:
            known |= {"rule": rule.words, "sql": rule.sql, "precision": rule.precision, "recall": rule.recall}
        if report.recommendations is not None:
            known |= {
                "play": "; ".join(r.play for r in advice),
                "action": "; ".join(r.action for r in advice),
            }
        if report.attractiveness is not None and s in report.attractiveness.index:
            known |= report.attractiveness.loc[s, ["score", "rank", "knocked_out"]].to_dict()
        rows.append(known)
    first = pd.DataFrame(rows, index=report.profile.segments.index)
    first["customers"] = report.profile.segments["customers"]
    means = report.profile.summary().drop(columns=["customers", "share"])
    return pd.concat([first, means], axis=1)


def _segment(report: StudyReport, segment: int) -> dict[str, Any]:
    profile, rule = report.profile, report.rule(segment)
    row = profile.segments.loc[segment]
    numbers = profile.numbers[profile.numbers["segment"] == segment]
    levels = profile.categories[profile.categories["segment"] == segment]
    target = report.attractiveness
    return {
        "segment": segment,
        "id": report.ids.get(segment),
        "name": report.names[segment],
        "color": report.colors[segment],
        "customers": int(row["customers"]),
        "share": _plain(row["share"]),
        "value": _plain(row["value"]),
        "value_share": _plain(row["value_share"]),
        "traits": dict(report.traits.get(segment, {})),
        "numbers": _records(numbers.drop(columns="segment")),
        "categories": _records(levels.drop(columns="segment")),
        **({"against_segments": _records(profile.exceptional.reset_index())} if segment < 0 else {}),
        "typical": _ids(profile.typical, segment),
        "uncertain": _ids(profile.uncertain, segment),
        **{name: _plain(value) for name, value in report.figures(segment).items()},
        "rule": {
            "words": rule.words,
            "sql": rule.sql,
            "precision": _plain(rule.precision),
            "recall": _plain(rule.recall),
            "customers": int(rule.customers),
        }
        if rule
        else None,
        "recommendations": [
            {"play": r.play, "action": r.action, "because": r.because, "evidence": r.evidence}
            for r in report.recommended(segment)
        ],
        "target": _records(target.loc[[segment]])[0]
        if target is not None and segment in target.index
        else None,
    }


def _ids(table: pd.DataFrame, segment: int) -> list[Any]:
    return [_plain(value) for value in table.loc[table["segment"] == segment, "id"]]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _plain(v) for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return None if value is pd.NA or value is pd.NaT else str(value)
