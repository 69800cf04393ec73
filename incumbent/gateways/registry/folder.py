"""What a version is made of on disk: pipeline, card, golden rows, training rows.

Nothing in a folder is believed before its digest is known to be the recorded one. The types
that a pipeline may hold are named here; the list in the artifact's own MLmodel is not read.
"""

import json
import shutil
from dataclasses import fields
from functools import cache
from importlib.metadata import version as installed
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile

import mlflow.sklearn
import pandas as pd
import skops.io
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.models.model import MLMODEL_FILE_NAME
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import AnyType
from pydantic import TypeAdapter, ValidationError
from skops.io.exceptions import UntrustedTypesFoundException

from incumbent.digest import folder_digest, table_digest
from incumbent.errors import IntegrityError, UnreadableError, UsageError
from incumbent.gateways import profiles
from incumbent.records import FittedModel, ModelCard, Version, document

PIPELINE_FILE = "model.skops"
CARD_FILE = "card.json"
PROFILE_FILE = "profile.arrow"
GOLDEN_FILE = "golden.parquet"
HELD_OUT_FILE = "held_out.parquet"
ROWS_FILE = "training_set.parquet"
# `mlflow.pyfunc.load_model("models:/...")` leaves this in a local store when it reads a version.
MARK_FILE = "registered_model_meta"

# The module that MLflow loads a version with, and what it answers: see `incumbent.serving`.
LOADER_MODULE = "incumbent.serving"
OUTPUT, LABEL, PROBABILITY = "output", "label", "probability"

# All that our pipelines hold beyond what skops trusts by itself: the canonical form, the trees of
# gradient boosting, and its check of categories (a partial of a scikit-learn function).
TRUSTED_TYPES = (
    "functools.partial",
    "incumbent.model.canonical_form.CanonicalForm",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
)
# What skops raises of a file that was not written by it, or was made to be read otherwise.
UNLOADABLE = (
    UntrustedTypesFoundException,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ImportError,
    OSError,
    RecursionError,
    BadZipFile,
)
REQUIREMENTS = ("mlflow", "numpy", "pandas", "scikit-learn", "skops")


def write(folder: Path, fitted: FittedModel, rows: pd.DataFrame) -> None:
    """Write a model into a folder that does not exist yet, as an MLflow scikit-learn model.

    Raises:
        UsageError: The pipeline holds a type that is not trusted, or cannot be stored.
    """
    try:
        mlflow.sklearn.save_model(
            fitted.pipeline,
            str(folder),
            serialization_format=mlflow.sklearn.SERIALIZATION_FORMAT_SKOPS,
            signature=signature(fitted.card),
            pip_requirements=[f"{name}=={installed(name)}" for name in REQUIREMENTS],
            skops_trusted_types=list(TRUSTED_TYPES),
        )
    except MlflowException as error:
        raise _cannot_store(error) from error
    _serve_with(folder, LOADER_MODULE)
    _write_card(folder, fitted.card)
    fitted.golden.to_parquet(folder / GOLDEN_FILE, index=False)
    fitted.held_out.to_parquet(folder / HELD_OUT_FILE, index=False)
    rows.to_parquet(folder / ROWS_FILE, index=False)


def signature(card: ModelCard) -> ModelSignature:
    """Columns that the model reads, of any type: the model itself gives them their form."""
    output = DataType.string if card.classes else DataType.double
    anything = AnyType()  # type: ignore[no-untyped-call] # MLflow's own
    return ModelSignature(
        inputs=Schema([ColSpec(anything, name) for name in card.profile.columns]),
        outputs=Schema([ColSpec(output)]),
        params=ParamSchema([ParamSpec(OUTPUT, DataType.string, LABEL)]),
    )


def columns_of(card: ModelCard) -> Schema:
    """Columns of the training set in their canonical form, as MLflow shows them."""
    known = card.profile.columns
    return Schema([ColSpec(_type_of(c.kind), name) for name, c in known.items()])


def digest_of(folder: Path) -> str:
    """SHA-256 of everything in a folder but MLflow's own mark of its last reader."""
    if not (folder / MARK_FILE).is_file():
        return folder_digest(folder)
    with TemporaryDirectory() as name:
        copy = shutil.copytree(folder, Path(name) / "copy")
        (copy / MARK_FILE).unlink()
        return folder_digest(copy)


def verify(folder: Path, version: Version) -> None:
    """Hold the bytes of a folder to the digest of its version.

    Raises:
        IntegrityError: They are not what was registered.
    """
    observed = digest_of(folder) if folder.is_dir() else "no files"
    if observed != version.digest:
        raise _changed(version, observed, version.digest)


def read(folder: Path, version: Version) -> FittedModel:
    """The model in a verified folder.

    Raises:
        IntegrityError: The bytes are the registered ones, but cannot be read as a model.
    """
    card = read_card(folder, version)
    try:
        pipeline = skops.io.load(folder / PIPELINE_FILE, trusted=list(TRUSTED_TYPES))
    except UNLOADABLE as error:
        observed = f"{type(error).__name__}: {error}"
        raise _changed(version, observed, "pipelines of trusted types alone") from error
    golden, held_out = (pd.read_parquet(folder / name) for name in (GOLDEN_FILE, HELD_OUT_FILE))
    return FittedModel(card, pipeline, golden, held_out)


def read_card(folder: Path, version: Version) -> ModelCard:
    """The card in a verified folder.

    Raises:
        IntegrityError: It is not a card of this release.
    """
    try:
        stored = json.loads((folder / CARD_FILE).read_bytes())
        profile = profiles.read((folder / PROFILE_FILE).read_bytes())
        return _cards().validate_python({**stored, "profile": profile})
    except (ValidationError, FileNotFoundError, UnreadableError, ValueError, TypeError) as error:
        raise _changed(version, str(error).splitlines()[0], "a readable card") from error


def read_rows(folder: Path, version: Version) -> pd.DataFrame:
    """The training rows in a verified folder, held to the digest in its card.

    Raises:
        IntegrityError: They are not the rows that the card names.
    """
    rows = pd.read_parquet(folder / ROWS_FILE)
    registered, observed = read_card(folder, version).training.digest, table_digest(rows)
    if observed != registered:
        raise _changed(version, observed, registered)
    return rows


def _serve_with(folder: Path, module: str) -> None:
    """Name the module that MLflow loads the model with for `pyfunc` and `models serve`."""
    path = folder / MLMODEL_FILE_NAME
    model = Model.load(str(path))
    model.flavors["python_function"]["loader_module"] = module
    model.save(str(path))


def _write_card(folder: Path, card: ModelCard) -> None:
    """The card as JSON, and its profile, which is an array of counts, beside it."""
    plain = {f.name: document(getattr(card, f.name)) for f in fields(card) if f.name != "profile"}
    (folder / CARD_FILE).write_text(json.dumps(plain), encoding="utf-8")
    (folder / PROFILE_FILE).write_bytes(profiles.write(card.profile))


@cache
def _cards() -> TypeAdapter[ModelCard]:
    return TypeAdapter(ModelCard)


def _type_of(kind: str) -> DataType:
    return DataType.double if kind == "numeric" else DataType.string


def way_out(version: Version) -> str:
    """What a person can do where the files of a version are not to be had again."""
    return (
        f"to go back to a former champion, run `incumbent rollback {version.model} --reason TEXT`;"
        f" without one, `incumbent train {version.model} DATA --lost {version.number}`"
    )


def _changed(version: Version, observed: str, allowed: str) -> IntegrityError:
    return IntegrityError(
        f"Version {version.number} of {version.model!r} is not what was registered.",
        observed,
        allowed,
        f"find out who wrote to run {version.run_id}; {way_out(version)}",
    )


def _cannot_store(error: MlflowException) -> UsageError:
    return UsageError(
        "The pipeline cannot be stored without pickle.",
        str(error.__cause__ or error.message).splitlines()[0],
        f"types that skops trusts, and {', '.join(TRUSTED_TYPES)}",
        "use estimators of scikit-learn that this list covers",
    )
