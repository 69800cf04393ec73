import signal
from contextlib import suppress

import click
import pytest

from incumbent.cli.flow import interruptible


def break_when_interrupted():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        raise ConnectionError


def swallow_the_interruption():
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("work", [break_when_interrupted, swallow_the_interruption])
def test_an_interrupted_command_ends_as_such_whatever_becomes_of_the_interruption(work):
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(click.Abort), interruptible():
        work()
    assert signal.getsignal(signal.SIGINT) is before


def test_without_an_interruption_an_error_stays_what_it_is():
    with pytest.raises(ConnectionError), interruptible():
        raise ConnectionError
