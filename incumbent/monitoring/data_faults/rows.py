"""Faults of rows: twice, already learnt, at impossible times, or too few of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from incumbent.data.profile.known_rows import row_columns, shares_known
from incumbent.data.profile.windows import FEWEST_BLOCKS
from incumbent.monitoring.data_faults.evidence import Evidence, Examined
from incumbent.monitoring.data_faults.shape import grade_of
from incumbent.params import RuleSeverity

AHEAD = timedelta(days=1)  # clocks differ, and a time without a zone is read as UTC
FEW, VERY_FEW = 0.5, 0.2  # rows a day, as a share of those of training
DUPLICATES = 0.05  # share of rows that are copies, beyond that of training
AGAIN = 0.5  # share of rows that training holds, from which a batch is no new one
SOME = 0.01


def evidence(batch: Examined) -> Iterator[Evidence]:
    """What is wrong with the rows as a whole, or with single rows."""
    if batch.frame.empty:
        return
    yield from _copies(batch)
    yield from _learnt(batch)
    if batch.spec.timestamp is not None:
        yield from _times(batch, batch.spec.timestamp)
        yield from _few(batch)


def _copies(batch: Examined) -> Iterator[Evidence]:
    """Whole rows that are there twice, where no id forbids it."""
    spec, known = batch.spec, batch.reference.known_rows
    if spec.id is not None or known is None:
        return
    share = float(batch.frame[_row(batch)].duplicated().mean())
    if share > known.copies + DUPLICATES:
        text = f"{share:.1%} of the rows are copies of another row"
        limit = f"at most {known.copies + DUPLICATES:.1%}, {known.copies:.1%} in training"
        rows = round(share * len(batch.frame))
        yield Evidence("duplicated_rows", None, text, limit, rows)


def _learnt(batch: Examined) -> Iterator[Evidence]:
    """Rows, or ids with other values, that the champion was trained on."""
    known, spec = batch.reference.known_rows, batch.spec
    if known is None or not spec.key_columns:
        return
    shares = shares_known(batch.frame[_row(batch)], spec.id, known)
    if shares is None:
        return
    same, named = shares[0], shares[1] - shares[0]
    if same > SOME:
        text = f"about {same:.0%} of the rows are in the champion's training set"
        grade = None if same > AGAIN else RuleSeverity.WARNING
        yield Evidence("learnt_rows", None, text, "rows that were not learnt", grade=grade)
    if spec.id is not None and named > SOME:
        text = (
            f"about {named:.0%} of the ids are in the champion's training set, with other values:"
            " an id must name a row, and not what comes again (a customer, a machine)"
        )
        grade = None if named > AGAIN else RuleSeverity.WARNING
        yield Evidence("repeated_ids", spec.id, text, "ids that name one row each", grade=grade)


def _times(batch: Examined, name: str) -> Iterator[Evidence]:
    """Times after the delivery, or before the training set."""
    times = batch.frame[name]
    earliest = batch.trained.start if batch.trained is not None else None
    strange = times > pd.Timestamp(batch.delivered + AHEAD)
    if earliest is not None:
        strange |= times < pd.Timestamp(earliest)
    rows = np.flatnonzero(strange.to_numpy())
    if len(rows) == 0:
        return
    example = times.iloc[int(rows[0])].isoformat()
    text = f"{len(rows):,} of {len(times):,} times impossible, e.g. {example}"
    since = f"from {_day(earliest)}" if earliest is not None else "any"
    limit = f"{since} to the delivery on {_day(batch.delivered)}"
    grade = grade_of(len(rows), len(times), batch.spec.validation_row_tolerance)
    yield Evidence("timestamps", name, text, limit, len(rows), grade, rows)


def _few(batch: Examined) -> Iterator[Evidence]:
    """Rows a day far below those of training."""
    here, there = batch.counted, batch.reference
    if here.blocks == 0 or there.blocks < FEWEST_BLOCKS:
        return
    share = (here.rows / here.blocks) / (there.rows / there.blocks)
    if share >= FEW:
        return
    text = f"{here.rows / here.blocks:.6g} rows a day, {share:.0%} of those of training"
    limit = f"about {there.rows / there.blocks:.6g} rows a day"
    rule = "few_rows" if share >= VERY_FEW else "partial_load"
    yield Evidence(rule, None, text, limit, here.rows)


def _day(time: datetime) -> str:
    return time.date().isoformat()


def _row(batch: Examined) -> list[str]:
    return row_columns(batch.reference.columns, batch.spec)
