"""Converts categories that were read from files without types to the form of the champion.

CSV has text only. A column of whole numbers with a null in it is often written as floats (`7.0`),
and a flag as `true`: the same categories as 7 and True in Parquet. What a text stands for is
decided by the categories that the champion was trained on, never by the batch: `1.0` among the
versions 1.0, 1.9 and 1.10 stays what it is.
"""

from collections.abc import Iterable

import pandas as pd

from incumbent.records import Kind, Profile

NUMERAL = r"[+-]?(?:0|[1-9][0-9]*)(?:\.(?:0|[0-9]*[1-9]))?"  # as a number is written
FLOAT_END = r"^([+-]?[0-9]+)\.0$"
FLAGS = {"true": "1", "false": "0"}


def as_trained(frame: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """A table with its categories in the form of the training set.

    Args:
        frame: A table as read, shape (n, any).
        profile: The profile of the champion's training set.
    """
    known = {n: c.categories for n, c in profile.columns.items() if c.kind == Kind.CATEGORICAL}
    texts = {n: c for n, c in known.items() if n in frame and _is_text(frame[n])}
    return frame.assign(**{n: as_known(frame[n], found) for n, found in texts.items()})


def as_first_written(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """A training set whose text columns of numerals are written alike: `7.0` is `7`.

    Args:
        frame: A table as read, shape (n, any).
        names: The columns that are read as text because the spec lists them.
    """
    texts = [n for n in names if n in frame and _is_text(frame[n]) and are_numerals(frame[n])]
    return frame.assign(**{n: without_float_end(frame[n]) for n in texts})


def are_numerals(column: pd.Series) -> bool:
    """Whether every text is a number as it is written; without one it is not.

    >>> are_numerals(pd.Series(["7.0", "8", None])), are_numerals(pd.Series(["1.10", "1.9"]))
    (True, False)
    """
    values = column.dropna().unique()
    return len(values) > 0 and bool(pd.Series(values).str.fullmatch(NUMERAL).all())


def without_float_end(column: pd.Series) -> pd.Series:
    """Texts of whole numbers without the end that a float gives them.

    >>> without_float_end(pd.Series(["7.0", "7.5", "A.0"])).tolist()
    ['7', '7.5', 'A.0']
    """
    return column.str.replace(FLOAT_END, r"\1", regex=True)


def as_known(column: pd.Series, categories: Iterable[str]) -> pd.Series:
    """A column of text with the categories that are known in their form: `7.0` is `7`.

    >>> as_known(pd.Series(["7.0", "8"]), ("7", "8")).tolist()
    ['7', '8']
    >>> as_known(pd.Series(["true", None]), ("0", "1")).tolist()
    ['1', nan]
    """
    known = pd.Series(list(categories), dtype="str")
    if known.isin(list(FLAGS.values())).all():
        column = column.where(~column.str.lower().isin(list(FLAGS)), column.str.lower().map(FLAGS))
    if are_numerals(known) and not known.str.endswith(".0").any():
        return without_float_end(column)
    return column


def _is_text(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.StringDtype)
