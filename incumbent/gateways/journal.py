"""A mapping that outlives its process: a line of JSON for each entry."""

import json
import os
from collections import UserDict
from pathlib import Path
from typing import Any


class Journal(UserDict[str, Any]):
    """What a long walk has found so far, by the name of each step.

    An entry is on disk before it is known: a process may be killed at any place. The line that
    it was killed in is dropped by the next one.

    Args:
        path: The file; it need not be there yet, but its folder must.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(path, len(whole))
        self.data = dict(json.loads(line) for line in whole.splitlines())

    def __setitem__(self, key: str, value: Any) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([key, value]) + "\n")
            file.flush()
            os.fsync(file.fileno())
        super().__setitem__(key, value)
