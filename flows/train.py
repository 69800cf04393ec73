"""Train: the first champion of a model, validated, judged, registered and installed."""

from typing import Any

from prefect import flow

from incumbent.params import ModelSpec, Path, VersionNumber
from incumbent.records import PromotionKind
from tasks.intake import read_training_data, refuse_second_champion
from tasks.lease import holding
from tasks.promotion import promote, reconcile
from tasks.reporting import train_document
from tasks.training import register, train_first
from tasks.validation import validate_training_data


@flow(name="train", flow_run_name="train {spec.name}")
def train(spec: ModelSpec, data: Path, lost: VersionNumber | None = None) -> dict[str, Any]:
    """Fit, register and install the first champion of a model.

    Args:
        spec: The model, its data, and the rules it is kept by.
        data: Training data with labels: a Parquet or CSV file.
        lost: The champion, where its files are lost or damaged: the new one takes its place.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        refuse_second_champion(gateways, spec, lost)
        rows = validate_training_data(read_training_data(spec, data), spec)
        fitted, rows = train_first(spec, rows)
        reason = f"version {lost} is lost" if lost else "first champion"
        version = register(gateways, spec.name, fitted, rows, reason)
        champion = promote(gateways, spec, version, PromotionKind.INSTALL, reason)
        return train_document(champion)
