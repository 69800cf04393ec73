"""Expectations on flights: the example to copy for a model of your own.

1. Copy this file to `expectations/<name>.py` and set `expectations: <name>` in the spec.
2. Write in `suite()` what the training set cannot show: physical limits, units, business rules.
   Keys, columns, types, nulls, units, ranges and categories are checked already.
3. Choose a severity. A failed `critical` expectation quarantines the whole batch: use it for
   facts without which no row can be trusted. A failed `warning` is reported.
4. Add `meta=EXCLUDE` where a failing row is a broken measurement: it is still scored, and no
   model is ever trained on it. This needs an expectation about rows (`ExpectColumnValues...`),
   not one about a whole column (`ExpectColumnMean...`).

Nulls never fail an expectation about values. A batch whose labels arrive in files of their own
has no target column, so write no expectation about the target. All expectations of Great
Expectations can be used: https://greatexpectations.io/expectations
"""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

EXCLUDE = {"rows": "exclude"}

# Column, lowest and highest value of the calendar.
CLOCK = (
    ("minute_of_day", 0, 24 * 60 - 1),
    ("day_of_week", 0, 6),  # Monday to Sunday
)

# Column, lowest and highest value that an instrument in New York can measure.
LIMITS = (
    ("temp", -40, 130),  # Fahrenheit
    ("dewp", -60, 100),  # Fahrenheit
    ("humid", 0, 100),  # percent
    ("wind_speed", 0, 200),  # miles per hour
    ("precip", 0, 20),  # inches in an hour
    ("pressure", 850, 1100),  # millibar
    ("visib", 0, 100),  # miles
    ("distance", 1, 12_500),  # miles: half of the way around the earth
)


def suite() -> gx.ExpectationSuite:
    """The rules of the model `flights`."""
    return gx.ExpectationSuite(name="flights", expectations=[*_facts(), *_measurements()])


def _facts() -> list[gxe.Expectation]:
    return [
        gxe.ExpectColumnValuesToBeBetween(column=column, min_value=low, max_value=high)
        for column, low, high in CLOCK
    ]


def _measurements() -> list[gxe.Expectation]:
    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=column,
            min_value=low,
            max_value=high,
            severity=FailureSeverity.WARNING,
            meta=EXCLUDE,
        )
        for column, low, high in LIMITS
    ]
