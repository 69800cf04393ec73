"""What happens, in order: a file a verb."""

from tasks.server import prefect_server

__all__ = ["prefect_server"]
