"""Values that are shown: every value of the data that a report of skew names passes here."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from incumbent.records import SkewExample
from incumbent.records.skew import Shown

LONGEST = 80
MOST_EXAMPLES = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shown(value: object) -> Shown:
    """A value as a report names it: a number, a text that is cut where it is long.

    >>> shown("x" * 100)[-4:], shown(1.5), shown(None)
    ('x...', 1.5, None)
    """
    if value is None or isinstance(value, float):
        return value
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def examples_of(rows: Iterable[tuple[object, object, object]]) -> tuple[SkewExample, ...]:
    """Rows as examples.

    Args:
        rows: Id, served and offline value of each.
    """
    return tuple(
        SkewExample(str(shown(row)), shown(served), shown(offline)) for row, served, offline in rows
    )


def in_words(value: object) -> str:
    """The same within a sentence.

    >>> in_words(1.5), in_words("home"), in_words(None)
    ('1.5', "'home'", 'null')
    """
    found = shown(value)
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
