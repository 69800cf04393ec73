"""Whatever happens to a model, in any order: one champion, nothing lost, nothing doubled.

People, crashes, outages and runs that wake up late, on the flows without Prefect and on the
registry's fake, which meets the contract of the real one.
"""

import shutil
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from incumbent.errors import IncumbentError, OutOfReachError, StoredError
from incumbent.records import IN_QUARANTINE, BatchStatus, Disposal
from tests.flows.world import TRAINING_DAYS, Delivery, a_spec, batch_rows, rows_of
from tests.tasks.loops import at_work

pytestmark = [pytest.mark.slow, pytest.mark.attack]

ROWS_A_DAY, MOST_BATCHES = 60, 6
KINDS = ("predictions", "rows", "labels")
TAKEN = IN_QUARANTINE | {BatchStatus.HANDLED}
WAYS = st.sampled_from(["killed", "away", "taken over"])
places = st.integers(0, 25)  # writes outside, of which a run has fewer


class Killed(BaseException):
    """A process that ends at once."""


class AnyOrder(RuleBasedStateMachine):
    """A model, and all that may happen to it."""

    @initialize()
    def train(self):
        self.folder = Path(tempfile.mkdtemp(prefix="incumbent-any-order-"))
        self.stack = ExitStack()
        self.loop = self.stack.enter_context(at_work(self.folder / "home"))
        self.delivery = Delivery(self.folder / "delivery")
        self.spec = a_spec(source=self.delivery.source, harm_min_labels=60, shadow_min_labels=150)
        self.loop.train(self.spec, self.delivery.reference(self.rows(TRAINING_DAYS)))
        self.delivered, self.vanished = 0, set()
        self.runs = set(self.loop.registry.stored)
        self.sound = True  # a run came to its end, and nobody has touched anything since
        self.errors = []

    def teardown(self):
        if not hasattr(self, "stack"):
            return
        try:
            self.loop.registry.down = False
            self.deliver(changed=True)
            self.run("monitor", self.spec)
            champion = self.champion_that_loads()
            if champion is not None:
                assert self.statuses()[f"b{self.delivered - 1}"] is BatchStatus.HANDLED
        finally:
            self.stack.close()
            shutil.rmtree(self.folder)

    def rows(self, days):
        return rows_of(days, rows_a_day=ROWS_A_DAY)

    def deliver(self, *, changed, twice=0):
        rows = batch_rows(self.delivered, changed=changed, rows_a_day=ROWS_A_DAY)
        rows = pd.concat([rows, rows.head(twice)])  # ids that are there twice: it is quarantined
        self.delivery.batch(f"b{self.delivered}", rows)
        self.delivered += 1

    def run(self, flow, *given):
        """A flow to its end, or to an error that says what to do."""
        try:
            getattr(import_module(f"flows.{flow}"), flow)(*given)
        except IncumbentError as error:
            self.errors.append(error)
            self.sound = False
        else:
            self.sound = True

    @property
    def ledger(self):
        return self.loop.gateways.ledger

    def statuses(self):
        return {e.batch.id: e.status for e in self.ledger.batches("shop")}

    def aside(self):
        """Ordinals of the batches in quarantine."""
        entries = self.ledger.batches("shop") if hasattr(self, "loop") else ()
        return [e.ordinal for e in entries if e.status in IN_QUARANTINE]

    def champion_that_loads(self):
        """The champion; None where it cannot be read, which says what to do."""
        champion = self.ledger.champion("shop")
        try:
            self.loop.registry.load(champion)
        except StoredError as error:
            self.errors.append(error)
            return None
        return champion

    @precondition(lambda self: self.delivered < MOST_BATCHES)
    @rule(changed=st.booleans())
    def monitor_a_new_batch(self, changed):
        self.deliver(changed=changed)
        self.run("monitor", self.spec)

    @precondition(lambda self: self.delivered < MOST_BATCHES)
    @rule()
    def monitor_a_defective_batch(self):
        self.deliver(changed=True, twice=1)
        self.run("monitor", self.spec)

    @precondition(lambda self: self.aside())
    @rule(which=st.integers(0, 5), disposal=st.sampled_from(Disposal))
    def a_person_decides_about_a_batch(self, which, disposal):
        ordinal = self.aside()[which % len(self.aside())]
        self.run("quarantine", self.spec, str(ordinal), disposal, "because")

    @precondition(lambda self: self.aside())
    @rule(which=st.integers(0, 5), place=places, how=WAYS)
    def release_broken_off(self, which, place, how):
        ordinal = self.aside()[which % len(self.aside())]
        release = ("quarantine", self.spec, str(ordinal), Disposal.RELEASE, "because")
        self.run_broken_off(place, how, *release)

    @rule()
    def monitor(self):
        self.run("monitor", self.spec)

    @rule()
    def retrain(self):
        self.run("retrain", self.spec, "because")

    @rule()
    def promote(self):
        self.run("promote", self.spec, "because", self.ledger.champion("shop").number)

    @rule(back=st.booleans())
    def roll_back(self, back):
        champion = self.ledger.champion("shop").number
        former = self.ledger.previous("shop")
        version = former.number if back and former is not None else None
        self.run("rollback", self.spec, "because", champion, version)

    @precondition(lambda self: self.delivered < MOST_BATCHES)
    @rule(place=places, how=WAYS)
    def monitor_broken_off(self, place, how):
        self.deliver(changed=True)
        self.run_broken_off(place, how, "monitor", self.spec)

    def run_broken_off(self, place, how, *given):
        write, count = self.loop.registry.writable, iter(range(1_000))

        def writable():
            if next(count) == place:
                self.break_off(how)
            write()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.loop.registry, "writable", writable)
            try:
                self.run(*given)
            except Killed:
                self.sound = False

    def break_off(self, how):
        if how == "killed":
            raise Killed
        if how == "away":
            raise OutOfReachError("MLflow did not answer.", "away", "an answer", "run again")
        later, length = datetime.now(UTC) + timedelta(minutes=5), timedelta(seconds=1)
        taken = self.ledger.acquire("shop", "another run", length, later)
        assert taken is not None
        self.ledger.release(taken, datetime.now(UTC) - length)

    @rule(alias=st.sampled_from(["champion", "previous"]), number=st.integers(1, 3))
    def a_person_moves_an_alias(self, alias, number):
        self.sound = False
        if number in {v.version.number for v in self.loop.registry.registered("shop")}:
            self.loop.registry.aliases["shop", alias] = number

    @rule(alias=st.sampled_from(["champion", "previous"]))
    def a_person_removes_an_alias(self, alias):
        self.sound = False
        self.loop.registry.aliases.pop(("shop", alias), None)

    @rule(which=st.integers(0, 5))
    def a_person_deletes_a_version(self, which):
        self.sound = False
        made = self.loop.registry.registered("shop")
        champion = self.ledger.champion("shop")
        if which < len(made) and made[which].version != champion:
            gone = made[which].version
            self.loop.registry.delete(gone)

    @rule(which=st.integers(0, 5))
    def a_former_champion_is_damaged(self, which):
        former = [p.version for p in self.ledger.promotions("shop")]
        if which < len(former) and former[which] != self.ledger.champion("shop"):
            self.loop.registry.tamper(former[which])

    @rule(kind=st.sampled_from(KINDS), which=st.integers(0, 5))
    def a_stored_file_vanishes(self, kind, which):
        files = sorted((self.loop.home / "predictions" / "shop" / kind).glob("*.parquet"))
        if which < len(files):
            files[which].unlink()

    @rule(which=st.integers(0, 5))
    def the_file_of_a_batch_vanishes(self, which):
        files = sorted(Path(self.delivery.source).parent.glob("*.parquet"))
        if which < len(files) and self.statuses().get(files[which].stem) in TAKEN:
            self.vanished.add(files[which].stem)
            files[which].unlink()

    @invariant()
    def one_champion_that_loads_or_says_why_not(self):
        promotions = self.ledger.promotions("shop")
        assert len({p.id for p in promotions}) == len(promotions)
        assert sum(not p.done for p in promotions) <= 1
        assert self.ledger.champion("shop") is not None
        self.champion_that_loads()

    @invariant()
    def after_a_run_mlflow_shows_what_the_ledger_says(self):
        if not self.sound:
            return
        assert self.ledger.open_intents("shop") == ()
        versions = self.loop.registry.registered("shop")
        promoted = {p.version.run_id for p in self.ledger.promotions("shop")}
        champion = self.ledger.champion("shop")
        if champion in {v.version for v in versions}:
            assert self.loop.registry.aliases["shop", "champion"] == champion.number
        assert all(v.archived or v.version.run_id in promoted for v in versions)

    @invariant()
    def every_error_says_what_to_do(self):
        assert all(error.what and error.next_step for error in self.errors)

    @invariant()
    def no_version_is_lost(self):
        self.runs |= set(self.loop.registry.stored)
        assert set(self.loop.registry.stored) == self.runs

    @invariant()
    def no_batch_point_or_report_is_lost_or_doubled(self):
        entries = self.ledger.batches("shop")
        assert [e.ordinal for e in entries] == list(range(len(entries)))
        for line in self.loop.registry.timelines.values():
            steps = [step for step, _ in line]
            assert len(set(steps)) == len(steps)
        tags = (run.tags for run in self.loop.registry.runs)
        keys = [found["incumbent.key"] for found in tags if "incumbent.key" in found]
        assert len(set(keys)) == len(keys)

    @invariant()
    def every_quarantined_byte_is_there_and_nothing_discarded_is_learnt(self):
        entries = self.ledger.batches("shop")
        store = self.loop.gateways.predictions.quarantined
        aside = {e.batch.digest for e in entries if e.status in IN_QUARANTINE}
        assert all(store.kept("shop", digest) for digest in aside)
        discarded = {e.batch.digest for e in entries if e.status is BatchStatus.DISCARDED}
        champion = self.champion_that_loads()
        if champion is not None:
            card = self.loop.registry.load(champion).model.card
            assert not discarded & set(card.training.batches)

    @invariant()
    def each_batch_was_scored_by_one_version_or_judged_late(self):
        for entry in self.ledger.documented("shop", MOST_BATCHES + 1):
            assert entry.document["scored_by"] is not None


def test_whatever_happens_in_any_order():
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=8,
            stateful_step_count=14,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
