"""The ledger decides: which batches were handled, what was decided, who is champion."""

from incumbent.gateways.ledger.batch import Batches
from incumbent.gateways.ledger.copying import Copies
from incumbent.gateways.ledger.decision import Decisions, StoredDecision
from incumbent.gateways.ledger.disposition import Dispositions
from incumbent.gateways.ledger.file import Files, ReadFile
from incumbent.gateways.ledger.judgement import Judgements
from incumbent.gateways.ledger.lease import Leases
from incumbent.gateways.ledger.promotion import Promotions
from incumbent.gateways.ledger.registration import Registrations
from incumbent.gateways.ledger.shadow import Look, Shadows

__all__ = ["Ledger", "Look", "ReadFile", "StoredDecision"]


class Ledger(
    Batches,
    Copies,
    Decisions,
    Dispositions,
    Files,
    Judgements,
    Leases,
    Promotions,
    Registrations,
    Shadows,
):
    """One SQL database that every run of every model writes to.

    Each method is a transaction of its own, and may be repeated after a crash: the repetition
    finds what the first call wrote. Writers of one model wait for each other. Nothing is opened
    before the first call, which makes the tables (and the folder of a SQLite file).

    Args:
        url: A SQLAlchemy URL: `sqlite:///path`, or PostgreSQL with any driver that is installed.
            `sqlite://` lives in memory, as long as the ledger, for one thread.

    Raises:
        UsageError: The URL is not one of these, or its driver is not installed.
        OutOfReachError: (every method) The database did not answer.
        IncumbentError: (every method) A newer release has written this ledger.
        LeaseError: (every writing method, under a lease) Another run has taken the model over.

    >>> Ledger("sqlite://").models()
    ()
    """
