"""The report on skew as a few lines of text."""

from collections.abc import Mapping
from typing import Any

MOST = 10
COUNTED = {
    "serving_only": "ids in the serving table alone",
    "offline_only": "ids in the offline table alone",
    "serving_twice": "ids left out that the serving table has more than once",
    "offline_twice": "ids left out that the offline table has more than once",
    "serving_unnamed": "rows without an id in the serving table",
    "offline_unnamed": "rows without an id in the offline table",
}


def described(doc: Mapping[str, Any]) -> str:
    """What differs, the features with most mismatches first."""
    features = [f for f in doc["features"] if f["mismatches"]]
    lines = [headline(doc)]
    lines += [
        f"  {f['feature']}: {share(f)}, {f['kind']}: {f['evidence']}" for f in features[:MOST]
    ]
    if len(features) > MOST:
        lines.append(f"  and {len(features) - MOST} more")
    return "\n".join([*lines, *(f"  {line}" for line in remarks(doc))])


def headline(doc: Mapping[str, Any]) -> str:
    """How many rows differ."""
    return f"{doc['rows']['mismatching']} of {doc['rows']['joined']} joined rows differ"


def remarks(doc: Mapping[str, Any]) -> list[str]:
    """Whole rows that are wrong, and what was not compared."""
    whole = doc["whole_rows"]
    found = [f"{whole['kind']}: {whole['evidence']}"] if whole else []
    found += [f"{doc['rows'][key]} {text}" for key, text in COUNTED.items() if doc["rows"][key]]
    return [*found, *(f"{name} left out: {why}" for name, why in doc["left_out"].items())]


def share(feature: Mapping[str, Any]) -> str:
    """The share of mismatching rows with its interval.

    >>> share({"mismatch_share": 0.05, "low": 0.034, "high": 0.0712})
    '5.0% [3.4%, 7.1%]'
    """
    return f"{feature['mismatch_share']:.1%} [{feature['low']:.1%}, {feature['high']:.1%}]"
