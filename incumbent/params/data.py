"""A model and its data: name, target, columns and files."""

from pydantic import Field

from incumbent.params.types import MODULE_NAME, SPEC_NAME, Column, Path, Stage, Task

IDENTITY = ("task", "target", "timestamp", "id", "categorical", "features")


class ModelData(Stage):
    """A model and its data."""

    name: str = Field(
        title="Model",
        description="Name of the registered model in MLflow.",
        pattern=SPEC_NAME,
    )
    task: Task = Field(title="Task", description="Type of the target.")
    target: Column = Field(title="Target", description="Column that the model predicts.")
    timestamp: Column | None = Field(
        None,
        title="Timestamp",
        description="Column with the time of a row. Rows of one day are treated as one unit.",
    )
    id: Column | None = Field(
        None,
        title="Id",
        description="Column that names a row. Needed when labels arrive in files of their own.",
    )
    categorical: tuple[Column, ...] = Field(
        (),
        title="Categorical columns",
        description="Columns of codes. Columns of text are always categorical.",
    )
    features: tuple[Column, ...] = Field(
        (),
        title="Features",
        description="Columns that the model reads. Empty: all except target, timestamp and id.",
    )
    classes: tuple[Column, ...] = Field(
        (),
        title="Further classes",
        description="Classes that labels may have beyond those of the training set (multiclass)."
        " A label of any other class is left out.",
    )
    sensitive: tuple[Column, ...] = Field(
        (),
        title="Sensitive columns",
        description="Columns whose values are shown on no page, in no log and in no artifact.",
    )
    expectations: str | None = Field(
        None,
        title="Expectations",
        description="Module under expectations/ with the rules of this model.",
        pattern=MODULE_NAME,
    )
    source: Path | None = Field(
        None,
        title="Source",
        description="Pattern of the batch files (Parquet or CSV), oldest first by name.",
    )
    labels: Path | None = Field(
        None,
        title="Labels",
        description="Pattern of label files (id, target), where labels have files of their own.",
    )
    serving_log: Path | None = Field(
        None,
        title="Serving log",
        description="Pattern of files with rows as they were served (id, features), which are"
        " compared with the same rows of a batch.",
    )
    largest_table_gb: float = Field(
        8,
        gt=0,
        le=4_096,
        title="Largest table",
        description="Memory in GB that a batch, a label file, the rows of a serving log or the"
        " training data may take."
        " A larger one is set aside before it is read.",
    )

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The id and the timestamp, where the model has them."""
        return tuple(key for key in (self.id, self.timestamp) if key is not None)
