"""Environments for the peers of the benchmark of drift, each with its own pins.

    python -m benchmarks.drift_peers              # all of them: about 4 GB
    python -m benchmarks.drift_peers whylogs      # one

`python -m benchmarks.drift --peers` measures the installed ones. Some need older releases of numpy
or pandas than the others, or than this project.
"""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / ".incumbent" / "benchmarks" / "peers"
PEERS = {
    "evidently": ("evidently==0.7.23", "pandas<3", "pyarrow"),
    "nannyml": ("nannyml==0.13.1", "statsmodels", "pandas<3", "pyarrow"),
    "whylogs": ("whylogs[viz]==1.6.4", "pandas<3", "numpy<2", "pyarrow<20"),
    "alibi-detect": ("alibi-detect==0.13.0", "dill", "pandas<3", "pyarrow<20"),
    "deepchecks": (
        "deepchecks==0.19.1",
        "pandas<3",
        "numpy<2",
        "scikit-learn<1.8",
        "setuptools<81",
        "pyarrow<20",
    ),
}


def interpreter(peer: str) -> Path:
    """The Python of a peer's environment, which exists once the peer is installed."""
    return FOLDER / peer / "bin" / "python"


def make(peer: str) -> None:
    """Create the environment of a peer, replacing an existing one."""
    uv = str(Path(sys.executable).with_name("uv"))
    folder = str(FOLDER / peer)
    into = ("--compile-bytecode", "--python", folder)
    for command in (
        (uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder),
        (uv, "pip", "install", "--quiet", *into, *PEERS[peer]),
    ):
        subprocess.run(command, check=True)  # noqa: S603 - our own commands


if __name__ == "__main__":
    for name in sys.argv[1:] or PEERS:
        make(name)
