"""What a run leaves out and goes on; Prefect keeps it with the run."""

import logging

from incumbent.plain_text import plain_lines, without_secrets

LOGGER = "incumbent"


def warn(message: str, *values: object) -> None:
    """A warning in the log of the run; its values may come from data, paths and errors.

    Args:
        message: Text with a `%s` for each value.
        values: What it is about.
    """
    shown = (plain_lines(without_secrets(str(value))) for value in values)
    logging.getLogger(LOGGER).warning(message, *shown)
