"""What happens, in order: a file a verb."""

from tasks.server import require_server

__all__ = ["require_server"]
