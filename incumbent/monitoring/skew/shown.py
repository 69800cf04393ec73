"""Values that are shown: every value of the data that a report of skew names passes here."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from incumbent.records import SkewExample
from incumbent.records.skew import Shown

LONGEST = 80
MOST_EXAMPLES = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shown(column: str, value: object) -> Shown:
    """A value of a column as a report names it: a number, a text that is cut where it is long.

    >>> shown("page", "x" * 100)[-4:], shown("price", 1.5), shown("price", None)
    ('x...', 1.5, None)
    """
    del column
    if value is None or isinstance(value, float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def examples_of(
    names: tuple[str, str], rows: Iterable[tuple[object, object, object]]
) -> tuple[SkewExample, ...]:
    """Rows as examples.

    Args:
        names: The column of ids, and that of the values.
        rows: Id, served and offline value of each.
    """
    key, column = names
    return tuple(
        SkewExample(str(shown(key, row)), shown(column, served), shown(column, offline))
        for row, served, offline in rows
    )


def in_words(column: str, value: object) -> str:
    """The same within a sentence.

    >>> in_words("price", 1.5), in_words("page", "home"), in_words("page", None)
    ('1.5', "'home'", 'null')
    """
    found = shown(column, value)
    if found is None:
        return "null"
    return f"{found:.6g}" if isinstance(found, float) else repr(found)


def number_of(rows: int) -> str:
    """A number of rows in words.

    >>> number_of(1), number_of(20)
    ('1 row', '20 rows')
    """
    return f"{rows} row{'' if rows == 1 else 's'}"


def time_of(microseconds: float) -> str:
    """A time as text, ISO 8601 in UTC.

    >>> time_of(1_356_998_400_000_000.0)
    '2013-01-01T00:00:00+00:00'
    """
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat()
