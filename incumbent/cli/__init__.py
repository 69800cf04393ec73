"""The command line: reads words, calls a flow, prints one answer, ends with an exit code.

The composition root: the environment is read here, and flows are imported only by the command
that runs them, so that `--help` and `status` stay quick.
"""

import logging
import os
import sys
from io import TextIOWrapper

import click

from incumbent.cli.answers import fail, usage
from incumbent.cli.backup import backup, restore
from incumbent.cli.champion import promote, recover, retrain, rollback
from incumbent.cli.demo import demo
from incumbent.cli.doctor import doctor
from incumbent.cli.drift import drift
from incumbent.cli.monitor import monitor
from incumbent.cli.quarantine import quarantine
from incumbent.cli.replay import replay
from incumbent.cli.skew import skew
from incumbent.cli.status import explain, status
from incumbent.cli.train import train
from incumbent.errors import IncumbentError
from incumbent.settings import Settings, prepare

INTERRUPTED = 130


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  incumbent demo
  incumbent train flights january.parquet
  incumbent monitor flights
  incumbent status flights""",
)
@click.version_option(package_name="incumbent")
def cli() -> None:
    """Keep the best model you have in production, and prove it.

    SPEC is a model's name (its monitor deployment in prefect.yaml) or a YAML or JSON file
    with the same fields. State lives under .incumbent/, or in INCUMBENT_HOME.
    """


COMMANDS = (
    demo,
    train,
    monitor,
    retrain,
    replay,
    drift,
    skew,
    status,
    explain,
    promote,
    rollback,
    quarantine,
    doctor,
    recover,
    backup,
    restore,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line; a mistake of the user's ends without a traceback."""
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # Ctrl-C as a connection closes
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal may lack signs, such as of a sparkline
            stream.reconfigure(errors="replace")
    try:
        prepare(os.environ, Settings.of(os.environ))
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted. The next run finishes what is half done.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        fail(usage(error))
    except IncumbentError as error:
        fail(error)
