"""Where a version's folder is: in place when it is on this machine, else downloaded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlflow.exceptions import MlflowException

from incumbent.errors import AbsentError, IntegrityError, OutOfReachError
from incumbent.gateways.registry.connection import NO_RUN, Connection, is_answer, require_sense
from incumbent.gateways.registry.folder import verify, way_out
from incumbent.gateways.registry.listing import listed
from incumbent.records import Version

MODEL_PATH = "model"


@contextmanager
def verified(connection: Connection, version: Version) -> Iterator[Path]:
    """The folder of a version, its digest checked; a downloaded one is gone afterwards.

    Raises:
        IntegrityError: It is not what was registered.
        AbsentError: Its run is gone.
        OutOfReachError: MLflow or its artifact store did not answer.
    """
    local = local_path(_root(connection, version))
    if local is not None:
        _require_mounted(local)
        verify(local / MODEL_PATH, version)
        yield local / MODEL_PATH
        return
    with TemporaryDirectory() as name:
        folder = _download(connection, version, Path(name))
        try:
            verify(folder, version)
        except IntegrityError:
            _require_delivered(connection, version, Path(name))
            raise
        yield folder


def _require_mounted(run: Path) -> None:
    """Tell a volume that is not there from a run whose files are gone: it has no other run either.

    Raises:
        OutOfReachError: The folder of the experiment is missing.
    """
    experiment = run.parent.parent  # <experiment>/<run>/artifacts
    if not experiment.is_dir():
        raise OutOfReachError(
            "The folder of MLflow's artifacts is not there.",
            experiment,
            "the folder that holds the artifacts of every run",
            "mount the volume, or restore it from a backup; then run again",
        )


def _root(connection: Connection, version: Version) -> str:
    with connection.guarded(f"find run {version.run_id}") as client:
        try:
            run = client.get_run(version.run_id)
            require_sense(run.info.run_id == version.run_id)
            return str(run.info.artifact_uri)
        except MlflowException as error:
            if not is_answer(error, NO_RUN):
                raise
            raise AbsentError(
                f"The run of version {version.number} of {version.model!r} is gone from MLflow.",
                f"no run {version.run_id}",
                "the run that stored the version",
                f"restore MLflow from a backup; {way_out(version)}",
            ) from error


def local_path(uri: str) -> Path | None:
    """A file URI or a plain path as a path; None for any other address.

    >>> local_path("file:///srv/a%20b").as_posix()
    '/srv/a b'
    >>> local_path("s3://bucket/a") is None
    True
    """
    parts = urlsplit(uri)
    if parts.scheme not in {"", "file"}:
        return None
    return Path(url2pathname(parts.path) if parts.scheme else uri)


def _download(connection: Connection, version: Version, into: Path) -> Path:
    try:
        with connection.guarded(f"download version {version.number}") as client:
            client.download_artifacts(version.run_id, MODEL_PATH, str(into))
    except OutOfReachError as error:
        if listed(connection, version.run_id, MODEL_PATH):
            raise
        raise AbsentError(
            f"The files of version {version.number} of {version.model!r} are gone from MLflow.",
            f"no {MODEL_PATH} in run {version.run_id}",
            "the files that were registered",
            f"restore the artifact store from a backup; {way_out(version)}",
        ) from error
    return into / MODEL_PATH


def _require_delivered(connection: Connection, version: Version, into: Path) -> None:
    """Hold files that are not the registered ones to what MLflow says that it keeps.

    A proxy's page in the place of a file is an outage; a file that MLflow lists as it came has
    changed.

    Raises:
        OutOfReachError: Other files were delivered than MLflow lists.
    """
    files = (path for path in into.rglob("*") if path.is_file())
    found = {path.relative_to(into).as_posix(): path.stat().st_size for path in files}
    expected = listed(connection, version.run_id, MODEL_PATH)
    if found == expected:
        return
    wrong = min(set(found.items()) ^ set(expected.items()))[0]
    raise OutOfReachError(
        f"The artifact store did not deliver the files of version {version.number}.",
        f"{wrong}: {found.get(wrong)} bytes, where MLflow lists {expected.get(wrong)}",
        "the files as MLflow lists them",
        "look for a proxy before the artifact store, and run again",
    )
