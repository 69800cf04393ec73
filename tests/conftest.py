"""Every test process has a home of its own, no server of its developer, and fixed seeds."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from incumbent.settings import Settings, environment_defaults
from tests import postgres

GOLDEN = Path(__file__).parent / "golden"
FIRST = ("tests/flows/test_servers.py", "tests/flows/", "tests/tasks/", "")
SERVERS = (
    "INCUMBENT_DATABASE_URL",
    "INCUMBENT_PREDICTIONS",
    "MLFLOW_TRACKING_URI",
    "PREFECT_API_URL",
    "PREFECT_PROFILE",
)

# Test workers share the cores already. It is read when scikit-learn is imported: by the next
# conftest, which is before any hook of this one.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_addoption(parser):
    parser.addoption("--regenerate-golden", action="store_true", help="write tests/golden anew")


def pytest_configure(config):
    home = tempfile.mkdtemp(prefix="incumbent-tests-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for name in SERVERS:
        os.environ.pop(name, None)
    os.environ["INCUMBENT_HOME"] = home
    os.environ["MPLBACKEND"] = "agg"
    os.environ.update(environment_defaults(Settings.of(os.environ)))
    # The same examples in every run, and no judgement by the clock.
    settings.register_profile("incumbent", derandomize=True, deadline=None, database=None)
    settings.load_profile("incumbent")


def pytest_collection_modifyitems(items):
    """What takes longest comes first: in the end no worker waits long for another."""
    items.sort(key=lambda item: next(k for k, start in enumerate(FIRST) if start in item.nodeid))


@pytest.fixture(scope="session")
def new_database():
    """Makes a database on PostgreSQL, of another one or empty, and gives its URL."""
    if postgres.programs() is None:
        pytest.skip(postgres.NOT_INSTALLED)
    with postgres.running() as found:
        yield found


@pytest.fixture
def golden(request):
    """Compares a text with a file of tests/golden, or writes it with --regenerate-golden."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--regenerate-golden"):
            path.write_text(text)
        assert text == path.read_text(), (
            f"{path.name} has changed; if it should: pytest tests/golden --regenerate-golden"
        )

    return check
