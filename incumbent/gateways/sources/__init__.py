"""Tables in files: found by a path, a folder or a pattern, and read as Arrow pieces.

Parquet and CSV, local or under any URI that fsspec knows. A pandas frame is the concatenation of
the pieces, so that `drift`, `train` and `monitor` see the same types in the same file. `pieces`
and `table` need no pandas; `frame` does.
"""

from incumbent.gateways.sources.files import (
    SUFFIXES,
    bytes_digest,
    files_of,
    find,
    is_folder,
    partition_keys,
    printable,
    require,
    require_name,
    root_of,
    stamped,
    stem,
    unknown,
)
from incumbent.gateways.sources.storage import open_filesystem

__all__ = [
    "SUFFIXES",
    "bytes_digest",
    "files_of",
    "find",
    "is_folder",
    "open_filesystem",
    "partition_keys",
    "printable",
    "require",
    "require_name",
    "root_of",
    "stamped",
    "stem",
    "unknown",
]
