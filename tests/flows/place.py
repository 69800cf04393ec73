"""A folder that a user works in, and the commands that are called there."""

import json
import sys

import yaml

from incumbent import cli
from tests.flows.installed import run
from tests.flows.world import TRAINING_DAYS, a_spec, rows_of


class Place:
    """A folder that a user works in, with the state of a champion."""

    def __init__(self, folder, delivery, capsys, monkeypatch):
        self.folder, self.delivery = folder, delivery
        self._capsys, self._monkeypatch = capsys, monkeypatch
        self.spec = self.write("spec")
        self.new = self.write("new", name="new")
        self.wrong = self.write("wrong", harm_tolerence=0.1)
        self.data = delivery.reference(rows_of(TRAINING_DAYS))

    def write(self, file, **fields):
        usual = a_spec(source=self.delivery.source).model_dump(mode="json", exclude_defaults=True)
        path = self.folder / f"{file}.yaml"
        path.write_text(yaml.safe_dump(usual | fields))
        return str(path)

    def run(self, *words, **environment):
        """Exit code and document of the installed command: all of stdout, and no traceback."""
        return run(*words, cwd=self.folder, **environment)

    def say(self, *words):
        """Exit code and both streams of the same in this process."""
        self._monkeypatch.setattr(sys, "argv", ["incumbent", *words])
        self._capsys.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        return code, *self._capsys.readouterr()

    def call(self, *words):
        """Exit code and document of the same in this process."""
        code, out, err = self.say(*words, "--json")
        assert "Traceback" not in err
        return code, json.loads(out)
