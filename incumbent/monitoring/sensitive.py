"""Sensitive columns: reports without their values, for every page, log, artifact and document."""

from collections.abc import Collection
from dataclasses import replace

from incumbent.params import ModelSpec
from incumbent.plain_text import WITHHELD
from incumbent.records import ColumnDrift, DriftReport, SkewExample, SkewReport


def without_values(report: DriftReport, names: Collection[str]) -> DriftReport:
    """Drift without the words on how sensitive columns moved, which name their values."""
    return replace(
        report,
        columns=tuple(_hidden(column, names) for column in report.columns),
        outputs=tuple(_hidden(column, names) for column in report.outputs),
    )


def without_examples(report: SkewReport, spec: ModelSpec) -> SkewReport:
    """Skew without the examples of sensitive features, and without ids where these are sensitive.

    Answers are shown unless the target is sensitive.
    """
    names = set(spec.sensitive)
    no_ids = spec.id in names
    features = [
        replace(
            feature,
            evidence=WITHHELD
            if feature.feature in names and feature.evidence
            else feature.evidence,
            examples=_examples(feature.examples, values=feature.feature in names, ids=no_ids),
        )
        for feature in report.features
    ]
    answers = report.answers and replace(
        report.answers,
        examples=_examples(report.answers.examples, values=spec.target in names, ids=no_ids),
    )
    return replace(report, features=tuple(features), answers=answers)


def _hidden(column: ColumnDrift, names: Collection[str]) -> ColumnDrift:
    return replace(column, moved=()) if column.column in names else column


def _examples(
    examples: tuple[SkewExample, ...], *, values: bool, ids: bool
) -> tuple[SkewExample, ...]:
    return tuple(
        SkewExample(
            WITHHELD if ids else example.id,
            WITHHELD if values else example.serving,
            WITHHELD if values else example.offline,
        )
        for example in examples
    )
