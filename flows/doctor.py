"""Doctor: what is wrong with a model's state, and what mends it. It changes nothing."""

import os
from typing import Any

from prefect import flow

from incumbent.params import ModelSpec
from tasks.examination import examine


@flow(name="doctor", flow_run_name="doctor {spec.name}")
def doctor(spec: ModelSpec) -> dict[str, Any]:
    """Look at all that a model needs: ledger, registry, predictions, source, servers, disk.

    Args:
        spec: The model and its data.
    """
    return examine(spec, dict(os.environ))
