"""One MLflow client, and one error for everything that keeps it from answering."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from urllib.parse import urlsplit

from google.protobuf.json_format import ParseError
from mlflow import MlflowClient
from mlflow.entities import Experiment, LifecycleStage
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from incumbent.errors import OutOfReachError
from incumbent.log import warn
from incumbent.plain_text import bare_address, without_secrets

# A missing database driver (ImportError) keeps MLflow out of reach like a missing server.
FAILURES = (MlflowException, SQLAlchemyError, OSError, ImportError, ParseError)

NO_MODEL = ("RESOURCE_DOES_NOT_EXIST", "registered model")
NO_VERSION = ("RESOURCE_DOES_NOT_EXIST", "model version")
NO_RUN = ("RESOURCE_DOES_NOT_EXIST", "run")
NO_ALIAS = ("INVALID_PARAMETER_VALUE", "alias")
# What MLflow's pages show of an experiment: runs and metrics, not prompts and traces.
KIND = {"mlflow.experimentKind": "custom_model_development"}
ALREADY_EXISTS = "RESOURCE_ALREADY_EXISTS"
LONGEST_REASON = 200


class Connection:
    """MLflow's tracking and registry at one address, reached when first used.

    Args:
        tracking_uri: Server or database of MLflow.
        artifacts: Where new experiments keep artifacts; None leaves it to the server.
        ledger: Id of the ledger that what is written belongs to; None: it carries none.
        fence: Is called just before each write, and raises where it must not be made.
    """

    def __init__(
        self,
        tracking_uri: str,
        artifacts: str | None,
        ledger: str | None = None,
        fence: Callable[[], None] | None = None,
    ) -> None:
        self.tracking_uri = tracking_uri
        self.artifacts = artifacts
        self.ledger = ledger
        self._fence = fence

    @contextmanager
    def writing(self, deed: str) -> Iterator[MlflowClient]:
        """The client for a write, which the fence must allow at this moment.

        Raises:
            OutOfReachError: MLflow, its database or its artifact store did not answer well.
            LeaseError: Another run has taken the model over.
        """
        if self._fence is not None:
            self._fence()
        with self.guarded(deed) as client:
            yield client

    @contextmanager
    def guarded(self, deed: str) -> Iterator[MlflowClient]:
        """The client, for calls whose every failure means that MLflow is out of reach.

        Args:
            deed: What is being done, as it follows "MLflow could not".

        Raises:
            OutOfReachError: MLflow, its database or its artifact store did not answer well.
        """
        try:
            yield _client(self.tracking_uri)
        except FAILURES as error:
            raise OutOfReachError(
                f"MLflow could not {deed}.",
                reason_of(error),
                "an answer from MLflow",
                f"check that {bare_address(self.tracking_uri)} can be reached and written",
            ) from error

    @property
    def is_server(self) -> bool:
        """Whether MLflow is asked by HTTP, and is no database."""
        return urlsplit(self.tracking_uri).scheme in {"http", "https"}

    def page(self, model: str, run_id: str) -> str | None:
        """The address of a run's page; None where MLflow is a database without a server."""
        if not self.is_server:
            return None
        root = bare_address(self.tracking_uri).rstrip("/")
        return f"{root}/#/experiments/{self.experiment(model)}/runs/{run_id}"

    def experiment(self, model: str) -> str:
        """Id of the experiment of a model, made if there is none."""
        with self.guarded(f"open the experiment {model!r}") as client:
            return self.known_experiment(model) or self._new_experiment(client, model)

    def known_experiment(self, model: str) -> str | None:
        """Id of the experiment of a model; None where there is none yet."""
        found = self._find_experiment(model)
        return found.experiment_id if found else None

    def experiment_tags(self, model: str) -> Mapping[str, str]:
        """The tags of the experiment of a model; empty where there is none yet."""
        found = self._find_experiment(model)
        return found.tags if found else {}

    def _find_experiment(self, model: str) -> Experiment | None:
        with self.guarded(f"find the experiment {model!r}") as client:
            found = client.get_experiment_by_name(model)
            require_sense(found is None or found.name == model)
            if found is not None and found.lifecycle_stage == LifecycleStage.DELETED:
                client.restore_experiment(found.experiment_id)
                warn("the experiment %r was deleted: restored", model)
        return found

    def _new_experiment(self, client: MlflowClient, model: str) -> str:
        try:
            location = None if self.artifacts is None else f"{self.artifacts}/{model}"
            made = client.create_experiment(model, location, tags=KIND)
            require_sense(made != "")
            return made
        except MlflowException as error:
            found = client.get_experiment_by_name(model)
            if error.error_code != ALREADY_EXISTS or found is None:
                raise
            return found.experiment_id  # another process was faster


def require_sense(sensible: bool) -> None:  # noqa: FBT001 - a claim, as in an assertion
    """Refuse an answer that is not about what was asked: a proxy's, such as `{}`.

    Raises:
        MlflowException: It is not; within `guarded` it means that MLflow is out of reach.
    """
    if not sensible:
        raise MlflowException("an answer that is not MLflow's; is there a proxy before it?")


@cache
def _client(uri: str) -> MlflowClient:
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def is_answer(error: MlflowException, answer: tuple[str, str]) -> bool:
    """Whether MLflow's own answer is this code with this word.

    The code alone would not do: a proxy's error page can have it as well.
    """
    code, word = answer
    message = error.message.lower()
    return error.error_code == code and word in message and "not found" in message


def reason_of(error: BaseException) -> str:
    """A failure on one line, short, without credentials.

    >>> reason_of(OSError("no route to http://me:secret@host/x"))
    'OSError: no route to http://***@host/x'
    """
    kind = getattr(error, "error_code", None) or type(error).__name__
    lines = str(error).strip().splitlines() or [""]
    return without_secrets(f"{kind}: {lines[0]}")[:LONGEST_REASON]
