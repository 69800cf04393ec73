"""What was stored of a batch: read back, or made again where a file is lost or damaged."""

import pandas as pd
from pydantic import TypeAdapter

from incumbent.data.intake import canonical
from incumbent.data.profile import kinds_in
from incumbent.errors import AbsentError, IntegrityError, StoredError
from incumbent.log import warn
from incumbent.model.scoring import score
from incumbent.params import ModelSpec
from incumbent.records import BatchEntry, BatchStatus, Predictions, ValidationReport, Version
from tasks.champion import read_champion
from tasks.gateways import Gateways
from tasks.intake import read_again


def stored_rows(gateways: Gateways, spec: ModelSpec, entry: BatchEntry) -> pd.DataFrame:
    """The canonical rows of a batch without its target, as they were when it was scored.

    Raises:
        IntegrityError: They are lost, and the file of the batch has changed, or is gone.
    """
    try:
        kept = gateways.predictions.read_rows(spec.name, entry.batch.digest)
    except IntegrityError as error:
        warn("read from the file of the batch: %s", error)
        kept = None
    if kept is not None:
        return kept
    kinds = kinds_in(read_champion(gateways, spec).model.card.profile)
    table = canonical(read_again(gateways, spec, entry), spec, kinds)
    return table.drop(columns=spec.target, errors="ignore")


def scored_predictions(
    gateways: Gateways, spec: ModelSpec, entry: BatchEntry
) -> Predictions | None:
    """The predictions of a batch by its champion at the time; None where it was not scored.

    Where they are lost or damaged, the same version makes them again; None where it cannot.
    """
    stored = gateways.ledger.batch(spec.name, entry.batch.digest)
    if stored is None or stored.status in {BatchStatus.QUARANTINED, BatchStatus.DISCARDED}:
        return None
    if stored.document is not None and stored.status is BatchStatus.HANDLED:
        validation = TypeAdapter(ValidationReport).validate_python(stored.document["validation"])
        return predictions_by(gateways, spec, stored, stored.document["scored_by"], validation)
    champion = gateways.ledger.champion(spec.name)
    return predictions_by(gateways, spec, stored, champion.number if champion else 0, None)


def predictions_by(
    gateways: Gateways,
    spec: ModelSpec,
    entry: BatchEntry,
    number: int,
    validation: ValidationReport | None,
) -> Predictions | None:
    """The predictions of a batch by one version; lost ones are made again where it was validated.

    None where the version has made none, or cannot make them again.
    """
    try:
        found = gateways.predictions.read(spec.name, entry.batch.digest, number)
    except IntegrityError as error:
        warn("scored again: %s", error)
        found = None
    if found is None and validation is not None:
        return _scored_again(gateways, spec, entry, number, validation)
    return found


def _scored_again(
    gateways: Gateways,
    spec: ModelSpec,
    entry: BatchEntry,
    number: int,
    validation: ValidationReport,
) -> Predictions | None:
    try:
        rows = stored_rows(gateways, spec, entry)
        model = gateways.registry.load(version_of(gateways, spec, number)).model
    except StoredError as error:
        message = "the labels of batch %s cannot be judged, as its predictions are lost: %s"
        warn(message, entry.batch.id, error)
        return None
    found = score(model.card, model.pipeline, rows, validation.excluded, spec.harm_slices)
    gateways.predictions.write(spec.name, entry.batch.digest, number, found)
    return found


def version_of(gateways: Gateways, spec: ModelSpec, number: int) -> Version:
    """The version of this number that was champion.

    Raises:
        AbsentError: The ledger has none.
    """
    for promotion in gateways.ledger.promotions(spec.name):
        if promotion.version.number == number:
            return promotion.version
    raise AbsentError(
        f"The ledger has no version {number} of {spec.name!r}.",
        "no promotion of that version",
        "a version that was champion",
        f"see `incumbent status {spec.name}`",
    )
