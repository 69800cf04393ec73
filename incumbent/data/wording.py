"""Words that stand for the same value: flags, and texts that differ in case and signs alone."""

FLAGS = ({"0", "false", "no", "n", "f", "off"}, {"1", "true", "yes", "y", "t", "on"})


def flag_of(text: str) -> int | None:
    """The flag that a word stands for: 0 or 1; None where it is no such word.

    >>> flag_of(" Yes"), flag_of("off"), flag_of("maybe")
    (1, 0, None)
    """
    folded = text.strip().casefold()
    return next((value for value, words in enumerate(FLAGS) if folded in words), None)


def letters_of(text: str) -> str | None:
    """The letters and digits of a text, in one case; None without any.

    >>> letters_of("Car_Value "), letters_of("--")
    ('carvalue', None)
    """
    return "".join(sign for sign in text.casefold() if sign.isalnum()) or None
