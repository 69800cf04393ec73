"""Texts that leave: without secrets, and without signs that a terminal or a page would obey.

Values of the data are shown in few characters.
"""

import re
import unicodedata
from numbers import Integral, Real
from urllib.parse import urlsplit

ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://[^\s'\"<>]+")
# A password may hold "/" and "@" where people type it as it is: all up to the last "@" is hidden.
CREDENTIALS = re.compile(r"(?<=://).*@")
IN_QUERY = re.compile(r"([?&;][\w.~-]+)=[^&;#]*")
NAMED = re.compile(r"\b(password|passwd|pwd|secret|token|api_key)=[^\s&;,'\"]+", re.IGNORECASE)
HIDDEN = "***"
WITHHELD = "(hidden)"  # in the place of a value of a sensitive column
MOST_SHOWN = 40  # characters of a value
LAST_BYTE = 0xFF


def without_secrets(text: str) -> str:
    """The text with the credentials and the values in queries of all addresses hidden.

    >>> without_secrets("no route to postgresql://me:a/b@c@host/db?password=x&sslmode=off")
    'no route to postgresql://***@host/db?password=***&sslmode=***'
    >>> without_secrets("batches/*.parquet?")
    'batches/*.parquet?'
    """
    return NAMED.sub(rf"\1={HIDDEN}", ADDRESS.sub(lambda found: _hidden(found[0]), text))


def has_secrets(address: str) -> bool:
    """Whether an address has credentials or values of a query in it.

    >>> has_secrets("s3://key:secret@bucket/*.csv"), has_secrets("s3://bucket/v=1/*.csv")
    (True, False)
    """
    return without_secrets(address) != address


def is_readable(address: str) -> bool:
    """Whether an address can be taken apart, its host and port included.

    >>> is_readable("http://127.0.0.1:5000"), is_readable("http://127.0.0.1:99999")
    (True, False)
    """
    try:
        urlsplit(address).port  # noqa: B018 - it is read from the address, and may be none
    except ValueError:  # whose text may hold a part of the password
        return False
    return True


def bare_address(address: str) -> str:
    """An address without credentials and query, for links.

    >>> bare_address("https://me:secret@mlflow.example:5000/x?token=1")
    'https://mlflow.example:5000/x'
    >>> bare_address("sqlite:////srv/mlflow.db")
    'sqlite:////srv/mlflow.db'
    """
    return CREDENTIALS.sub("", address).partition("?")[0]


def shortened(value: object) -> str:
    """A value in few characters: numbers to ten digits, texts cut.

    >>> shortened(200.0), shortened(1048.36058), shortened("a" * 50)[-4:]
    ('200', '1048.36058', 'a...')
    """
    if isinstance(value, Real) and not isinstance(value, Integral):
        return f"{float(value):.10g}"
    text = str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def example_of(value: object) -> str:
    """A value of a column in few characters, quoted where it is text: "1" is not 1.

    >>> example_of("1"), example_of(1), example_of(("a", 2.0))
    ("'1'", '1', "('a', 2)")
    """
    if isinstance(value, tuple):
        return f"({', '.join(map(example_of, value))})"
    return repr(shortened(value)) if isinstance(value, str) else shortened(value)


def plain(text: str) -> str:
    r"""The text with every sign that is not seen as one in its place written out.

    Controls and escape codes, signs that turn the direction of writing, signs without width, and
    bytes that are no UTF-8. Unusual spaces become usual ones.

    >>> print(plain("a\x1b[31mb\u202ec\u00a0d\udcff"))
    a\x1b[31mb\u202ec d\udcff
    """
    if text.isprintable():
        return text
    return "".join(_seen(sign) for sign in text)


def plain_lines(text: str) -> str:
    """The same of a text whose lines stay lines."""
    return "\n".join(map(plain, text.split("\n")))


def _seen(sign: str) -> str:
    if sign.isprintable():
        return sign
    if unicodedata.category(sign) == "Zs":
        return " "
    return f"\\x{ord(sign):02x}" if ord(sign) <= LAST_BYTE else _unicode(sign)


def _unicode(sign: str) -> str:
    return sign.encode("ascii", "backslashreplace").decode()


def _hidden(address: str) -> str:
    return IN_QUERY.sub(rf"\1={HIDDEN}", CREDENTIALS.sub(f"{HIDDEN}@", address))
