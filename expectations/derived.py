"""Two expectation suites derived from the training set.

A batch that fails `schema` is quarantined. A batch that fails `values` is quarantined where a
column changed its type or became empty. Values outside the training set only warn: they are
ordinary (a colder month, a new destination), and drift detection judges them.
"""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

from incumbent.data.kinds import NUMERIC
from incumbent.params import ModelSpec
from incumbent.records import ColumnProfile, Profile

OTHER = -2  # the bin of the training set's values beyond its categories
NUMERIC_TYPES = (
    *("bool", "int", "float"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64"),
)
NUMBER = r"^[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$"
SHARE_OF_TEXT = 0.5
ROUNDING = 1e-9

Expectations = list[gxe.Expectation]


def schema(spec: ModelSpec, features: tuple[str, ...]) -> gx.ExpectationSuite:
    """At least one row, all columns that the model reads, and valid keys; all critical.

    Args:
        spec: The model; its `id` and `timestamp`, where set, are keys.
        features: The columns that its champion reads.
    """
    keys = [key for key in (spec.id, spec.timestamp) if key is not None]
    expected: Expectations = [gxe.ExpectTableRowCountToBeBetween(min_value=1)]
    expected += [gxe.ExpectColumnToExist(column=column) for column in (*keys, *features)]
    expected += [gxe.ExpectColumnValuesToNotBeNull(column=key) for key in keys]
    if spec.id is not None:
        expected.append(gxe.ExpectColumnValuesToBeUnique(column=spec.id))
    return gx.ExpectationSuite(name="schema", expectations=expected)


def values(spec: ModelSpec, profile: Profile) -> gx.ExpectationSuite:
    """Types and null shares (critical), ranges and categories (warning), column by column.

    A column of nulls only in training has no expectations about values. Nulls never fail an
    expectation about values.

    Args:
        spec: The model; `validation_null_tolerance` is added to the null share of training.
        profile: The training set of its champion.
    """
    expected: Expectations = []
    for name, column in profile.columns.items():
        expected += _nulls(name, column, spec.validation_null_tolerance)
        expected += (_numeric if column.kind == NUMERIC else _categorical)(name, column)
    return gx.ExpectationSuite(name="values", expectations=expected)


def _nulls(name: str, column: ColumnProfile, tolerance: float) -> Expectations:
    allowed = column.nulls / column.rows + tolerance if column.rows else 1.0
    if allowed >= 1:
        return []
    most = max(0.0, 1 - allowed - ROUNDING)
    meta = {"expected": f"at most {allowed:.3g} of the values null"}
    return [gxe.ExpectColumnValuesToNotBeNull(column=name, mostly=most, meta=meta)]


def _numeric(name: str, column: ColumnProfile) -> Expectations:
    if len(column.edges) == 0:
        return []
    types = gxe.ExpectColumnValuesToBeInTypeList(
        column=name, type_list=list(NUMERIC_TYPES), meta={"expected": "numbers"}
    )
    low, high = float(column.edges[0]), float(column.edges[-1])
    limits = gxe.ExpectColumnValuesToBeBetween(
        column=name, min_value=low, max_value=high, severity=FailureSeverity.WARNING
    )
    return [types, limits]


def _categorical(name: str, column: ColumnProfile) -> Expectations:
    numbers = [n for n in map(_number, column.categories) if n is not None]
    expected: Expectations = []
    if column.categories and not numbers:
        expected.append(_text(name))
    if column.categories and not column.counts[OTHER]:
        known = [*column.categories, *numbers]
        expected.append(
            gxe.ExpectColumnValuesToBeInSet(
                column=name,
                value_set=known,
                severity=FailureSeverity.WARNING,
                meta={"expected": _one_of(column.categories)},
            )
        )
    return expected


def _text(name: str) -> gxe.Expectation:
    """Most values are not numbers; a few codes among names are no change of type."""
    return gxe.ExpectColumnValuesToNotMatchRegex(
        column=name, regex=NUMBER, mostly=SHARE_OF_TEXT, meta={"expected": "text, not numbers"}
    )


def _number(category: str) -> float | None:
    """The number that intake would convert to this category, if any; None for "03"."""
    try:
        value = float(category)
    except ValueError:
        return None
    written = {repr(value), str(int(value))} if value.is_integer() else {repr(value)}
    return value if category in written and value - value == 0 else None


def _one_of(categories: tuple[str, ...], shown: int = 5) -> str:
    more = len(categories) - shown
    return f"one of {', '.join(categories[:shown])}" + (f" and {more} more" if more > 0 else "")
