"""Past: what the ledger remembers of the batches that were judged before."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from incumbent.params import ModelSpec
from incumbent.records import Action, Estimate, JudgedBatch
from tasks.gateways import Gateways

DECISIONS_REMEMBERED = 200
BATCHES_REMEMBERED = 50
_ESTIMATE = TypeAdapter(Estimate)


def judged_batches_of(gateways: Gateways, spec: ModelSpec, batch: str) -> tuple[JudgedBatch, ...]:
    """The other batches whose labels were judged, in the order in which they came."""
    known: dict[str, JudgedBatch] = {}
    for stored in reversed(gateways.ledger.decisions(spec.name, DECISIONS_REMEMBERED)):
        digest, before = stored.batch_digest, known.get(stored.batch_digest)
        if digest == batch or stored.inputs["harm"] is None:
            continue
        retrained = stored.decision.action is Action.RETRAIN
        retrained = retrained or (before is not None and before.retrained)
        known[digest] = _past(digest, stored.inputs, retrained=retrained)
    order = {entry.batch.digest: entry.ordinal for entry in gateways.ledger.batches(spec.name)}
    return tuple(sorted(known.values(), key=lambda p: order[p.batch]))[-BATCHES_REMEMBERED:]


def _past(digest: str, inputs: Mapping[str, Any], *, retrained: bool) -> JudgedBatch:
    harm, gain = inputs["harm"], inputs.get("gain") or {}
    loss = harm["metrics"].get(harm["metric_name"]) if harm["enough"] else None
    saved, champion = gain.get("saved"), inputs["champion"]
    estimated = (inputs.get("estimate") or {}).get("metrics", {}).get(harm["metric_name"])
    return JudgedBatch(
        digest, harm["rows"], champion, retrained, _estimate(saved), _estimate(loss), estimated
    )


def _estimate(stored: Mapping[str, Any] | None) -> Estimate | None:
    known = stored is not None and stored["value"] is not None
    return _ESTIMATE.validate_python(stored) if known else None
