"""The ledger and the store, for a command that runs no flow."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from incumbent.settings import Settings

if TYPE_CHECKING:
    from incumbent.gateways.ledger import Ledger
    from incumbent.gateways.predictions import PredictionStore


@contextmanager
def open_state() -> Iterator[tuple["Ledger", "PredictionStore"]]:
    """The ledger and the store of predictions that the environment names."""
    from incumbent.gateways.ledger import Ledger
    from incumbent.gateways.predictions import PredictionStore

    settings = Settings.of(os.environ)
    with closing(Ledger(settings.database_url)) as ledger:
        yield ledger, PredictionStore(settings.predictions)
