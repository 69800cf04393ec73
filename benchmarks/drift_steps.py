"""One contender of the benchmark of drift, alone in its process: prints its CPU and memory."""

import json
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

from benchmarks.drift_tables import DRIFTED

REPEATS = 3
LEVEL = 0.05

Alarms = set[str] | None


def read(batch: str) -> Callable[[], Alarms]:
    """The bare read of a batch's columns, texts as dictionaries, a row group at a time."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - a contender pays for its own imports

    def step() -> Alarms:
        texts = [f for f in pq.read_schema(batch).names if f.startswith("c")]
        with pq.ParquetFile(batch, read_dictionary=texts) as file:
            for group in range(file.num_row_groups):
                file.read_row_group(group, use_threads=False)
        return None

    return step


def incumbent(reference: str, batch: str) -> Callable[[], Alarms]:
    """From files to the report: profile, distances, p-values."""
    from incumbent.api.drift import drift  # noqa: PLC0415 - the same

    def step() -> Alarms:
        return set(drift(reference, batch).drifted)

    return step


def keep(reference: str, kept: str) -> Callable[[], Alarms]:
    """Compute and write the profile of a reference."""
    from incumbent.api.comparison import open_reference  # noqa: PLC0415 - the same
    from incumbent.gateways import profiles  # noqa: PLC0415 - the same

    def step() -> Alarms:
        known = open_reference(reference, None, (), ())
        Path(kept).write_bytes(profiles.write(known.profile))
        return None

    return step


def domain(reference: str, batch: str) -> Callable[[], Alarms]:
    """The domain classifier of two tables, with a stored profile."""
    from incumbent.api.comparison import open_reference  # noqa: PLC0415 - the same
    from incumbent.cli.domain import check_domain  # noqa: PLC0415 - the same

    known = open_reference(str(Path(reference).with_suffix(".arrow")), None, (), ()).profile

    def step() -> Alarms:
        check_domain(reference, batch, known, None)
        return None

    return step


def scipy(reference: str, batch: str) -> Callable[[], Alarms]:
    """pandas, ks_2samp and chi2_contingency, both tables loaded."""
    import pandas as pd  # noqa: PLC0415 - the same
    from scipy.stats import chi2_contingency, ks_2samp  # noqa: PLC0415 - the same

    def step() -> Alarms:
        there, here = pd.read_parquet(reference), pd.read_parquet(batch)
        p = {}
        for name in there:
            if name.startswith("n"):
                p[name] = ks_2samp(here[name].dropna(), there[name].dropna(), method="asymp").pvalue
            else:
                counts = [t[name].value_counts() for t in (there, here)]
                table = pd.concat(counts, axis=1).fillna(0).to_numpy()
                p[name] = chi2_contingency(table.T).pvalue
        return {name for name, value in p.items() if value < LEVEL}

    return step


def columns() -> Callable[[], Alarms]:
    """Two tables of 10,000 columns."""
    import numpy as np  # noqa: PLC0415 - the same
    import pyarrow as pa  # noqa: PLC0415 - the same
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    random, folder = np.random.default_rng(0), Path(".incumbent/benchmarks/drift")
    paths = [str(folder / f"columns_{side}.parquet") for side in ("reference", "batch")]
    for path in paths:
        values = {f"n{i}": random.normal(size=200) for i in range(10_000)}
        pq.write_table(pa.table(values), path)
    compared = incumbent(*paths)

    def step() -> Alarms:
        compared()
        return None

    return step


def measured(step: Callable[[], Alarms], repeats: int) -> dict[str, float]:
    """CPU and memory of a step, and its numbers of correct and false alarms.

    Args:
        step: The step, with all imports done.
        repeats: Runs after a first one that does not count; 0 for a slow step, which runs once.
    """
    before, seconds = _peak_mb(), []
    alarms: Alarms = None
    for _ in range(1 + repeats):
        start = process_time()
        alarms = step()
        seconds.append(process_time() - start)
    answer: dict[str, float] = {
        "cpu": statistics.median(seconds[-max(1, repeats) :]),
        "peak_mb": _peak_mb() - before,
    }
    if alarms is not None:
        answer["found"] = len(alarms & set(DRIFTED))
        answer["false"] = len(alarms - set(DRIFTED))
    return answer


def _peak_mb() -> float:
    """Peak of this process alone: `getrusage` would begin with that of its parent."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024


CONTENDERS: dict[str, Callable[..., Callable[[], Alarms]]] = {
    f.__name__: f for f in (read, incumbent, keep, domain, scipy, columns)
}
ONCE = ("keep", "scipy")

if __name__ == "__main__":
    contender = sys.argv[1]
    given = CONTENDERS[contender](*sys.argv[2:])
    print(json.dumps(measured(given, 0 if contender in ONCE else REPEATS)))  # noqa: T201 - read by the process that started this one
