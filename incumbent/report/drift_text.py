"""The report on drift as a few lines of text."""

from collections.abc import Mapping
from typing import Any

MOST = 10


def described(doc: Mapping[str, Any]) -> str:
    """What moved, the columns in alarm first.

    >>> rows = {"batch": 200, "reference": 900}
    >>> column = {"column": "x", "alarm": True, "distance": 0.31, "q": 0.001, "moved": ["higher"]}
    >>> doc = {"alarm": True, "rows": rows, "null_quality": "sound", "columns": [column]}
    >>> print(described(doc))
    Drift: 1 of 1 columns, 200 rows beside 900 of the reference (sound)
      x: distance 0.31, q 0.001, higher
    """
    columns, rows = [c for c in doc["columns"] if c["alarm"]], doc["rows"]
    first = "Drift" if doc["alarm"] else "No drift"
    lines = [
        f"{first}: {len(columns)} of {len(doc['columns'])} columns, {rows['batch']} rows beside"
        f" {rows['reference']} of the reference ({doc['null_quality']})"
    ]
    lines += [_line(column) for column in columns[:MOST]]
    if len(columns) > MOST:
        lines.append(f"  and {len(columns) - MOST} more")
    return "\n".join(lines)


def _line(column: Mapping[str, Any]) -> str:
    known = [f"{n} {column[n]:.3g}" for n in ("distance", "q") if column[n] is not None]
    return f"  {column['column']}: {', '.join([*known, *column['moved']])}"
