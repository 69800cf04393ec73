"""The installed command, run as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

INCUMBENT = Path(sys.executable).with_name("incumbent")


def run(
    *words: str, cwd: Path | None = None, timeout: int = 120, **environment: str
) -> tuple[int, Any]:
    """Exit code and document of the command: all of its standard output, and no traceback."""
    ended = subprocess.run(
        [str(INCUMBENT), *words, "--json"],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, json.loads(ended.stdout)
