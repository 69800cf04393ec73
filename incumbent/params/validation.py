"""Tolerances of validation, and what follows where a rule is broken."""

from typing import Annotated

from pydantic import AfterValidator, Field

from incumbent.params.types import RuleSeverity, Share, Stage

CRITICAL, SUSPECT, WARNING = RuleSeverity.CRITICAL, RuleSeverity.SUSPECT, RuleSeverity.WARNING

# The rules that are derived from the training set, each with what follows where it is broken.
RULES = {
    "nulls": CRITICAL,
    "nulls_gone": SUSPECT,
    "always_null": WARNING,
    "infinite": CRITICAL,
    "range": WARNING,
    "far_outside": CRITICAL,
    "unit": CRITICAL,
    "sentinel": CRITICAL,
    "default_filled_in": CRITICAL,
    "rounded": WARNING,
    "constant": CRITICAL,
    "values_lost": SUSPECT,
    "unseen": CRITICAL,
    "new_categories": WARNING,
    "recoded": CRITICAL,
    "swapped": CRITICAL,
    "duplicated_rows": CRITICAL,
    "learnt_rows": CRITICAL,
    "repeated_ids": CRITICAL,
    "timestamps": CRITICAL,
    "few_rows": WARNING,
    "partial_load": SUSPECT,
}


def _known(setting: str) -> str:
    name, _, severity = setting.rpartition("=")
    if name.partition(":")[0] not in RULES or severity not in [*RuleSeverity]:
        raise ValueError(
            f"`rule=severity` or `rule:column=severity`, with one of the rules {', '.join(RULES)}"
            f" and one of {', '.join(RuleSeverity)}"
        )
    return setting


# A rule, or a rule and a column, with what follows where it is broken: unit:price=warning.
RuleSetting = Annotated[str, Field(max_length=300), AfterValidator(_known)]


class ValidationRules(Stage):
    """Tolerances of validation, and what follows where a rule is broken."""

    validation_null_tolerance: Share = Field(
        0.2,
        title="Null share tolerance",
        description="Share of nulls that a column may have beyond that of the training set.",
    )
    validation_unseen_tolerance: Share = Field(
        0.1,
        title="Unseen categories tolerance",
        description="Share of rows that may hold a category which the training set does not have.",
    )
    validation_outside_tolerance: Share = Field(
        0.05,
        title="Far values tolerance",
        description="Share of values that may lie further outside the range of the training set"
        " than that range is wide; these rows are not learnt from.",
    )
    validation_row_tolerance: Share = Field(
        0.01,
        title="Broken rows tolerance",
        description="Share of rows that may hold an infinite value or an impossible time; they are"
        " not learnt from.",
    )
    validation_rules: tuple[RuleSetting, ...] = Field(
        (),
        title="Severity of rules",
        description="What follows where a rule is broken: unit=warning, or of one column"
        " unit:price=off. critical quarantines, suspect keeps the batch from training, warning"
        " tells, off does nothing.",
    )

    def severity_of(self, rule: str, column: str | None) -> RuleSeverity | None:
        """What the spec says of a rule on a column, or of the rule; None: nothing."""
        said = dict(setting.rsplit("=", 1) for setting in self.validation_rules)
        found = said.get(f"{rule}:{column}") or said.get(rule)
        return None if found is None else RuleSeverity(found)
