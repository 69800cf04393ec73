"""Train: the first champion of a model, validated, judged, registered and installed."""

from typing import Any

from prefect import flow

from incumbent.params import ModelSpec, Path
from incumbent.records import PromotionKind
from tasks.intake import read_training_data, refuse_second_champion
from tasks.lease import holding
from tasks.promotion import promote, reconcile
from tasks.reporting import train_document
from tasks.training import register, train_first
from tasks.validation import validate_training_data


@flow(name="train", flow_run_name="train {spec.name}")
def train(spec: ModelSpec, data: Path) -> dict[str, Any]:
    """Fit, register and install the first champion of a model.

    Args:
        spec: The model, its data, and the rules it is kept by.
        data: Training data with labels: a Parquet or CSV file.
    """
    with holding(spec) as gateways:
        reconcile(gateways, spec)
        refuse_second_champion(gateways, spec)
        rows = validate_training_data(read_training_data(spec, data), spec)
        fitted, rows = train_first(spec, rows)
        version = register(gateways, spec.name, fitted, rows, "first champion")
        champion = promote(gateways, spec, version, PromotionKind.INSTALL, "first champion")
        return train_document(champion)
