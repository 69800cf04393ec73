"""Expectations on the keys of a table: what the id and the timestamp of a model must be.

What the training set shows of the features (units, ranges, categories, nulls) is held against the
counts of a batch by `incumbent/monitoring/data_faults`, under the rules of the spec.
"""

import great_expectations as gx
from great_expectations import expectations as gxe

from incumbent.params import ModelSpec


def keys(spec: ModelSpec) -> gx.ExpectationSuite:
    """At least one row, and an id and a timestamp in each, no id twice; all critical."""
    expected: list[gxe.Expectation] = [gxe.ExpectTableRowCountToBeBetween(min_value=1)]
    expected += [gxe.ExpectColumnValuesToNotBeNull(column=key) for key in spec.key_columns]
    if spec.id is not None:
        expected.append(gxe.ExpectColumnValuesToBeUnique(column=spec.id))
    return gx.ExpectationSuite(name="keys", expectations=expected)
