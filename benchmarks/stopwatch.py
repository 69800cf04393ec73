"""CPU seconds by step: functions are wrapped in place; nested steps are not counted twice."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import wraps
from time import process_time
from typing import Any


class Stopwatch:
    """Adds up the CPU seconds of each name, in all threads of the process.

    The seconds of a step exclude those of the steps that it calls.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, name: str, owner: Any, attributes: Iterable[str]) -> None:
        """Time these functions of an object, class or module under a name."""
        for attribute in attributes:
            setattr(owner, attribute, self._timed(name, getattr(owner, attribute)))

    def reset(self) -> dict[str, float]:
        """The seconds since the last reset."""
        seconds, self.seconds = dict(self.seconds), defaultdict(float)
        return seconds

    def _timed(self, name: str, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        def timed(*given: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            start = process_time()
            try:
                return step(*given, **named)
            finally:
                taken = process_time() - start
                self.seconds[name] += taken - self._inner.pop()
                self._inner[-1] += taken

        return timed
