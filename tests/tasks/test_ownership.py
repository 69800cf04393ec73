"""One registry and several ledgers: nothing is moved or taken away that another ledger made."""

import shutil
from importlib import import_module

import pytest

from incumbent.errors import IncumbentError, IntegrityError, NoChampionError, UsageError
from incumbent.gateways.ledger import Ledger
from incumbent.records import PromotionKind
from tests.fakes.gateway import RegistryDriver, registered, run_called
from tests.flows.world import TRAINING_DAYS, a_spec, batch_rows, rows_of

SPEC = a_spec()


def lose_ledger(loop):
    """What a run finds from another folder, or after its disk is lost: an empty ledger."""
    (loop.home / "ledger.db").unlink()


def restore_ledger(loop, backup):
    """An older state of the ledger takes the place of the present one."""
    shutil.copy(backup, loop.home / "ledger.db")


def run(verb, *given):
    return getattr(import_module(f"flows.{verb}"), verb)(*given)


def shown(loop):
    """All that the registry shows of the model."""
    aliases = [RegistryDriver(loop.registry).alias("shop", n) for n in ("champion", "previous")]
    return loop.registry.registered("shop"), aliases


def register_by_hand(loop, delivery):
    """A version without a ledger, as a person registers one."""
    loop.train(SPEC, delivery.reference(rows_of(TRAINING_DAYS)))
    champion = loop.gateways.ledger.champion("shop")
    model, rows = loop.registry.load(champion).model, loop.training_rows()
    loop.registry.stored.clear()
    loop.registry.ledger = None
    return registered(loop.registry, run_called("by hand"), model, rows)


def commands(delivery):
    training = delivery.reference(rows_of(TRAINING_DAYS))
    return {
        "monitor": lambda: run("monitor", SPEC, delivery.batch("b9", batch_rows(9))),
        "train": lambda: run("train", SPEC, training),
        "retrain": lambda: run("retrain", SPEC, "why"),
        "promote": lambda: run("promote", SPEC, "why", 1),
        "rollback": lambda: run("rollback", SPEC, "why", 1),
    }


@pytest.mark.parametrize("command", ["monitor", "train", "retrain", "promote", "rollback"])
class TestRefused:
    def refused(self, loop, delivery, command):
        before = shown(loop)
        with pytest.raises(IncumbentError) as caught:
            commands(delivery)[command]()
        assert shown(loop) == before
        return caught.value

    def test_an_empty_ledger_leaves_the_models_of_another_one_alone(
        self, promoted, delivery, command
    ):
        other = promoted.gateways.ledger.identity()
        lose_ledger(promoted)
        error = self.refused(promoted, delivery, command)
        assert "does not know" in error.what
        assert f"version 2 of ledger {other}" in error.observed
        assert "incumbent recover shop --reason" in error.next_step

    def test_without_aliases_too(self, promoted, delivery, command):
        promoted.registry.aliases.clear()
        lose_ledger(promoted)
        assert "version 2 of ledger" in self.refused(promoted, delivery, command).observed

    def test_a_restored_ledger_does_not_take_newer_versions_back(self, loop, delivery, command):
        backup = shutil.copy(loop.home / "ledger.db", loop.home / "backup.db")
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0, changed=True)))
        restore_ledger(loop, backup)
        error = self.refused(loop, delivery, command)
        assert "version 2 of a later state of this ledger" in error.observed
        assert "version 1" in error.observed

    def test_a_champion_that_was_registered_by_hand_is_not_replaced(self, bare, delivery, command):
        made = register_by_hand(bare, delivery)
        bare.registry.point("shop", "champion", made.number)
        lose_ledger(bare)
        error = self.refused(bare, delivery, command)
        assert "was not registered by Incumbent" in error.what
        assert "remove the alias" in error.next_step


class TestRecovered:
    def test_a_lost_ledger_takes_the_champion_and_its_lineage_over(self, promoted, delivery):
        before = shown(promoted)
        lose_ledger(promoted)
        found = run("recover", SPEC, "the disk was lost")
        assert found["champion"] == {"version_before": 1, "version_after": 2}
        assert found["kind"] == PromotionKind.RECOVER
        assert shown(promoted)[1] == before[1] == [2, 1]
        (monitored,) = promoted.monitor(SPEC, delivery.batch("b1", batch_rows(1, changed=True)))
        assert monitored["champion"]["version_before"] == 2
        rolled = run("rollback", SPEC, "worse", 2)
        assert rolled["champion"] == {"version_before": 2, "version_after": 1}

    def test_a_restored_ledger_goes_on_from_the_newer_champion(self, loop, delivery):
        backup = shutil.copy(loop.home / "ledger.db", loop.home / "backup.db")
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0, changed=True)))
        restore_ledger(loop, backup)
        run("recover", SPEC, "restored a backup")
        assert loop.champion == 2
        assert shown(loop)[1] == [2, 1]
        again = loop.monitor(SPEC, delivery.batch("b0", batch_rows(0, changed=True)))
        assert [d["champion"]["version_before"] for d in again] == [2]

    def test_a_lost_ledger_that_is_found_leaves_later_versions_alone(self, loop, delivery):
        lost = shutil.copy(loop.home / "ledger.db", loop.home / "lost.db")
        lose_ledger(loop)
        run("recover", SPEC, "the disk was lost")
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0, changed=True)))
        assert loop.champion == 2
        before = shown(loop)
        restore_ledger(loop, lost)
        with pytest.raises(IncumbentError, match="does not know"):
            loop.monitor(SPEC, delivery.batch("b1", batch_rows(1)))
        assert shown(loop) == before

    def test_recovered_twice_it_is_one_promotion(self, promoted):
        lose_ledger(promoted)
        run("recover", SPEC, "the disk was lost")
        first = promoted.gateways.ledger.promotions("shop")
        run("recover", SPEC, "the disk was lost")
        assert promoted.gateways.ledger.promotions("shop") == first
        assert [p.version.number for p in first] == [1, 2]

    def test_a_damaged_champion_is_not_taken_over(self, promoted):
        champion = promoted.gateways.ledger.champion("shop")
        lose_ledger(promoted)
        promoted.registry.tamper(champion)
        with pytest.raises(IntegrityError):
            run("recover", SPEC, "the disk was lost")
        assert promoted.gateways.ledger.champion("shop") is None

    def test_without_a_champion_in_the_registry_there_is_nothing_to_recover(self, bare):
        with pytest.raises(UsageError, match="no champion of 'shop' to recover") as caught:
            run("recover", SPEC, "the disk was lost")
        assert "incumbent train shop" in caught.value.next_step

    def test_without_any_version_a_first_training_is_what_is_missing(self, bare, delivery):
        with pytest.raises(NoChampionError):
            bare.monitor(SPEC, delivery.batch("b0", batch_rows(0)))


def test_each_ledger_has_an_id_of_its_own_and_keeps_it(tmp_path):
    first, second = (Ledger(f"sqlite:///{tmp_path}/{n}.db") for n in "ab")
    assert first.identity() != second.identity()
    assert Ledger(f"sqlite:///{tmp_path}/a.db").identity() == first.identity()
