"""The candidate policies of a replay: a small, fixed grid around the spec."""

from collections.abc import Iterator, MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import TypeAdapter

from incumbent.digest import text_digest
from incumbent.params import ModelSpec, Trigger
from incumbent.replay.fits import Fits
from incumbent.replay.loop import replay_policy
from incumbent.replay.trial import Trial

PRICES = 0.01, 0.02, 0.05, 0.1
TOLERANCES = 0.02, 0.05, 0.1
FLOORS = 0.05, 0.1
EVERY_BATCHES = 1, 2, 4, 8
_TRIALS = TypeAdapter(Trial)


@dataclass(frozen=True)
class Candidate:
    """A policy, as the fields in which it differs from the spec; none: the spec's own."""

    trigger: Trigger
    settings: dict[str, Any] = field(default_factory=dict)

    def spec(self, own: ModelSpec) -> ModelSpec:
        """The spec with this policy."""
        return own.model_copy(update={"trigger": self.trigger, **self.settings})


def grid(spec: ModelSpec, spacing: float | None, batches: int) -> tuple[Candidate, ...]:
    """The spec's own policy, then the others.

    Trigger `harm` at four prices of a training (one, where its costs are given), and at three
    tolerances; trigger `schedule` every 1, 2, 4 and 8 batches; trigger `drift` at two floors.
    An age is half a spacing below its number of batches, so that a short month is no month late.

    Args:
        spec: What the other fields are taken from.
        spacing: Days between batches; None: there are no timestamps, and the grid has no schedule.
        batches: How many there are; a schedule is shorter.

    >>> spec = ModelSpec(name="m", task="binary", target="y")
    >>> [c.settings for c in grid(spec, 30.0, 5)][6:9]
    [{'schedule_days': 15.0}, {'schedule_days': 45.0}, {'schedule_days': 105.0}]
    """
    found = [Candidate(spec.trigger)]
    known = {found[0].spec(spec)}
    for candidate in _others(spec, spacing, batches):
        if candidate.spec(spec) not in known:
            known.add(candidate.spec(spec))
            found.append(candidate)
    return tuple(found)


def trial_of(
    fits: Fits, candidate: Candidate, label_delay: int, memory: MutableMapping[str, Any]
) -> Trial:
    """The trial of a policy on a history; the memory holds those of an earlier replay."""
    return trial_of_spec(fits, candidate.spec(fits.spec), label_delay, memory)


def trial_of_spec(
    fits: Fits, spec: ModelSpec, label_delay: int, memory: MutableMapping[str, Any]
) -> Trial:
    """The same for another spec of the model, whose recipe may be another one."""
    key = f"trial {text_digest([spec.model_dump_json(), str(label_delay)])}"
    if key not in memory:
        own = fits if _shares_fits(fits.spec, spec) else Fits(fits.history, spec)
        memory[key] = asdict(replay_policy(own, spec, label_delay))
    return _TRIALS.validate_python(memory[key])


def _shares_fits(one: ModelSpec, other: ModelSpec) -> bool:
    """Whether two specs fit the same models on the same rows, drawn and weighted alike."""
    names = (name for name in ModelSpec.model_fields if name.startswith("training_"))
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _others(spec: ModelSpec, spacing: float | None, batches: int) -> Iterator[Candidate]:
    for price in PRICES if spec.decision_training_cost is None else ():
        yield Candidate(Trigger.HARM, {"decision_price": price})
    for tolerance in TOLERANCES:
        yield Candidate(Trigger.HARM, {"harm_tolerance": tolerance})
    for every in EVERY_BATCHES if spacing else ():
        if every < batches:
            days = float(f"{(every - 0.5) * (spacing or 0.0):.3g}")
            yield Candidate(Trigger.SCHEDULE, {"schedule_days": days})
    for floor in FLOORS:
        yield Candidate(Trigger.DRIFT, {"drift_effect_floor": floor})
