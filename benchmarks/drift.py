"""The cost of comparing two tables: CPU and memory, against the bare read and against scipy.

    python -m benchmarks.drift            # about two minutes
    python -m benchmarks.drift --full     # with batches of 1M and 10M rows, and 10,000 columns
    python -m benchmarks.drift --peers    # with the peers of `benchmarks.drift_peers`

Every contender runs in its own process, in turn, `ROUNDS` times; the medians are printed. CPU is
that of the step without imports; memory is the peak above that of the imports.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.drift_peers import PEERS, interpreter
from benchmarks.drift_tables import write

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".incumbent" / "benchmarks" / "drift"
ROUNDS = 5
PEER_ROUNDS = 3
ROW_COUNTS = {"reference": 1_000_000, "batch": 100_000}
FULL = {"batch_1m": 1_000_000, "batch_10m": 10_000_000, "reference_10m": 10_000_000}


Row = tuple[str, list[object]]  # a title, and the contender with its files


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drift", description=__doc__)
    parser.add_argument("--full", action="store_true", help="also 10M rows and 10,000 columns")
    parser.add_argument("--peers", action="store_true", help="beside the peers instead")
    asked = parser.parse_args()
    reference = write(DATA / "reference.parquet", 0, ROW_COUNTS["reference"])
    batch = write(DATA / "batch.parquet", 1, ROW_COUNTS["batch"], drifted=True)
    stored = _keep(reference)
    read: Row = ("bare read of the batch (pyarrow)", ["read", batch])
    rows: list[Row] = [
        ("Incumbent, reference profile stored", ["incumbent", stored, batch]),
        ("Incumbent, reference profiled in the same run", ["incumbent", reference, batch]),
        ("scipy, column by column", ["scipy", reference, batch]),
    ]
    title = "Reference of 1M rows, batch of 100k, 30 columns, 5 of them drifted"
    if asked.peers:
        _print(title, [*rows, *_peers(reference, batch)], PEER_ROUNDS)
        return
    _print(title, [read, *rows, ("Incumbent, domain classifier", ["domain", reference, batch])])
    if asked.full:
        _print("More rows (one round)", _longer(stored), rounds=1)
        _print("10,000 columns of 200 rows (one round)", [("Incumbent", ["columns"])], rounds=1)


def _peers(reference: Path, batch: Path) -> list[Row]:
    """The installed peers; whylogs also with a stored reference."""
    made = [peer for peer in PEERS if interpreter(peer).exists()]
    rows: list[Row] = [(_pinned(peer), [peer, reference, batch]) for peer in made]
    if "whylogs" in made:
        stored = reference.with_suffix(".whylogs")
        _measure(["keep_whylogs", reference, stored])
        rows.append((f"{_pinned('whylogs')}, reference stored", ["whylogs", stored, batch]))
    return rows


def _pinned(peer: str) -> str:
    return f"{peer} {PEERS[peer][0].partition('==')[2]}"


def _longer(stored: Path) -> list[Row]:
    million, ten = (write(DATA / f"{n}.parquet", 1, FULL[n]) for n in ("batch_1m", "batch_10m"))
    longer = _keep(write(DATA / "reference_10m.parquet", 0, FULL["reference_10m"]))
    return [
        ("bare read of a batch of 1M (pyarrow)", ["read", million]),
        ("Incumbent, batch of 1M", ["incumbent", stored, million]),
        ("Incumbent, batch of 1M, reference of 10M", ["incumbent", longer, million]),
        ("Incumbent, batch of 10M in row groups of 1M", ["incumbent", stored, ten]),
    ]


def _keep(reference: Path) -> Path:
    stored = reference.with_suffix(".arrow")
    if not stored.exists():
        _measure(["keep", reference, stored])
    return stored


def _print(title: str, rows: list[Row], rounds: int = ROUNDS) -> None:
    found: dict[str, list[dict[str, float]]] = {name: [] for name, _ in rows}
    for _ in range(rounds):
        for name, call in rows:
            found[name].append(_measure(call))
    floor = statistics.median(run["cpu"] for run in found[rows[0][0]])
    print(f"\n{title}\n")  # noqa: T201 - the table is the answer
    print("| | CPU s | x first | peak MB | drifted found | false |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    for name, runs in found.items():
        cpu = statistics.median(run["cpu"] for run in runs)
        peak = statistics.median(run["peak_mb"] for run in runs)
        right, wrong = (runs[0].get(key, "") for key in ("found", "false"))
        columns = f"{cpu:.3f} | {cpu / floor:.1f} | {peak:.0f} | {right} | {wrong}"
        print(f"| {name} | {columns} |")  # noqa: T201


def _measure(call: list[object]) -> dict[str, float]:
    """One contender in its own process; the last line that it prints is its result."""
    peer = "whylogs" if call[0] == "keep_whylogs" else str(call[0])
    python = interpreter(peer) if peer in PEERS else sys.executable
    script = Path(__file__).with_name("drift_peer_steps.py" if peer in PEERS else "drift_steps.py")
    command = [str(python), "-W", "ignore", str(script), *map(str, call)]
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own scripts
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


if __name__ == "__main__":
    main()
