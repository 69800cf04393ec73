"""The gateway that every change of champion goes through, by hand or not."""

from datetime import UTC, datetime
from importlib import import_module

import pytest

from incumbent.errors import IncumbentError, IntegrityError, UsageError
from incumbent.policy.decision import decide, stored_inputs
from incumbent.records import Promotion, PromotionKind
from tests.fakes.gateway import RegistryDriver, run_called
from tests.flows.world import a_spec, batch_rows

NOW = datetime(2024, 3, 20, tzinfo=UTC)
SPEC = a_spec()


def by_hand(verb, *given):
    return getattr(import_module(f"flows.{verb}"), verb)(*given)


def aliases(loop):
    return [RegistryDriver(loop.registry).alias("shop", n) for n in ("champion", "previous")]


class TestRollback:
    def test_the_former_champion_is_champion_again(self, promoted):
        document = by_hand("rollback", SPEC, "complaints since Tuesday", 2)
        assert document["champion"] == {"version_before": 2, "version_after": 1}
        assert (document["kind"], document["reason"]) == ("roll_back", "complaints since Tuesday")
        assert promoted.champion == 1
        assert aliases(promoted) == [1, 2]

    def test_there_and_back_as_often_as_a_person_wants(self, promoted):
        for champion in (1, 2, 1, 2):
            by_hand("rollback", SPEC, "again", 3 - champion, champion)
            assert promoted.champion == champion
        promotions = promoted.gateways.ledger.promotions("shop")
        assert len({p.id for p in promotions}) == len(promotions) == 6

    def test_a_repeated_request_is_one(self, promoted):
        documents = [by_hand("rollback", SPEC, "complaints", 2, version) for version in (None, 1)]
        assert documents[0] == documents[1] == by_hand("rollback", SPEC, "complaints", 2)
        assert promoted.champion == 1
        assert len(promoted.gateways.ledger.promotions("shop")) == 3

    def test_a_version_that_was_gone_back_from_is_chosen_by_its_number_alone(self, promoted):
        by_hand("rollback", SPEC, "complaints since Tuesday", 2)
        with pytest.raises(UsageError, match="cannot go back") as caught:
            by_hand("rollback", SPEC, "complaints since Wednesday", 1)
        assert "--version" in caught.value.next_step
        assert promoted.champion == 1

    @pytest.mark.parametrize("command", ["promote", "rollback"])
    def test_a_request_about_another_champion_is_refused(self, promoted, command):
        with pytest.raises(UsageError, match="another one by now") as caught:
            by_hand(command, SPEC, "worse than before", 3)
        assert caught.value.observed == "version 2"
        assert promoted.champion == 2

    def test_a_former_champion_can_be_named(self, promoted):
        by_hand("rollback", SPEC, "back", 2)
        assert by_hand("rollback", SPEC, "forth", 1, 2)["champion"]["version_after"] == 2

    @pytest.mark.parametrize("number", [2, 3])
    def test_another_version_than_a_former_champion_is_refused(self, promoted, number):
        with pytest.raises(UsageError, match="cannot go back") as caught:
            by_hand("rollback", SPEC, "back", 2, number)
        assert caught.value.allowed == "a former champion: 1"
        assert promoted.champion == 2

    def test_without_a_former_champion_there_is_no_way_back(self, loop):
        with pytest.raises(UsageError, match="cannot go back") as caught:
            by_hand("rollback", SPEC, "back", 1)
        assert "there is none" in caught.value.allowed
        assert loop.champion == 1

    def test_a_damaged_version_is_not_gone_back_to(self, promoted):
        promoted.registry.tamper(promoted.gateways.ledger.previous("shop"))
        with pytest.raises(IntegrityError):
            by_hand("rollback", SPEC, "back", 2)
        assert promoted.champion == 2
        assert aliases(promoted) == [2, 1]

    def test_from_a_damaged_champion_there_is_a_way_back(self, promoted):
        promoted.registry.tamper(promoted.gateways.ledger.champion("shop"))
        by_hand("rollback", SPEC, "the artifact is gone", 2)
        assert promoted.champion == 1


class TestPromoteByHand:
    def test_a_waiting_challenger_is_refitted_and_promoted(self, loop, delivery):
        careful = a_spec(shadow_min_labels=700)
        changed = batch_rows(0, changed=True)
        loop.monitor(careful, delivery.batch("b0", changed))
        assert loop.gateways.ledger.challenger("shop") is not None
        document = by_hand("promote", careful, "labels are slow", 1)
        assert (document["kind"], document["reason"]) == ("promote", "labels are slow")
        assert document["champion"] == {"version_before": 1, "version_after": 2}
        assert set(changed["visit"]) <= set(loop.training_rows()["visit"])
        assert loop.gateways.ledger.challenger("shop") is None
        assert by_hand("promote", careful, "labels are slow", 1) == document  # a repeated request

    def test_where_none_waits_there_is_nothing_to_promote(self, loop):
        with pytest.raises(UsageError, match="No challenger") as caught:
            by_hand("promote", SPEC, "now", 1)
        assert "incumbent retrain" in caught.value.next_step
        assert loop.champion == 1

    def test_a_refit_that_lies_too_far_is_not_promoted(self, loop, delivery):
        strict = a_spec(shadow_min_labels=700, promotion_distance=0.0)
        loop.monitor(strict, delivery.batch("b0", batch_rows(0)), None)
        by_hand("retrain", strict, "see")
        with pytest.raises(IncumbentError, match="was not promoted") as caught:
            by_hand("promote", strict, "now", 1)
        assert "lies" in caught.value.observed
        assert loop.champion == 1


class TestAsk:
    def test_without_harm_a_person_may_ask_and_the_gate_decides(self, loop, delivery):
        (calm,) = loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
        assert calm["decision"]["action"] == "none"
        document = by_hand("retrain", SPEC, "new shops since May")
        assert document["decision"]["action"] == "retrain"
        (reason,) = document["decision"]["reasons"]
        assert (reason["signal"], reason["text"]) == (
            "asked",
            "requested by hand: new shops since May",
        )
        assert document["verdict"]["verdict"] == "promote"
        assert document["champion"] == {"version_before": 1, "version_after": 2}

    def test_what_was_asked_is_explained_and_decided_again(self, loop, delivery):
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
        asked = by_hand("retrain", SPEC, "new shops")["decision"]["id"]
        stored = loop.gateways.ledger.decision(asked)
        inputs = stored_inputs(stored.inputs)
        assert inputs.asked == "new shops"
        assert decide(inputs) == stored.decision

    def test_labels_that_are_upside_down_block_a_person_too(self, loop, delivery):
        flipped = batch_rows(0).assign(bought=lambda rows: 1 - rows["bought"])
        loop.monitor(SPEC, delivery.batch("b0", flipped))
        decision = by_hand("retrain", SPEC, "now")["decision"]
        assert decision["action"] == "notify"
        assert "inversion" in [reason["signal"] for reason in decision["blocked"]]
        assert loop.champion == 1

    def test_with_nothing_new_there_is_nothing_to_retrain_on(self, promoted):
        with pytest.raises(UsageError, match="nothing new"):
            by_hand("retrain", SPEC, "now")


class TestReconcile:
    def intend(self, loop, version):
        intent = Promotion("p", PromotionKind.PROMOTE, version, 1, "half done", done=False)
        return loop.gateways.ledger.intend(intent, NOW)

    def registered(self, loop):
        """A version beside the champion, as a run leaves it that is killed before its intent."""
        champion = loop.registry.load(loop.gateways.ledger.champion("shop"))
        run, rows = run_called("train b0"), loop.training_rows()
        stored = loop.registry.keep(run, champion.model, rows)
        loop.gateways.ledger.begin_registration(stored, datetime.now(UTC))
        return loop.registry.publish(stored, champion.model.card)

    def test_a_version_that_no_intent_names_is_archived(self, loop, delivery):
        version = self.registered(loop)
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
        loop.monitor(SPEC, delivery.batch("b1", batch_rows(1)))
        found = {v.version.number: v.archived for v in loop.registry.registered("shop")}
        assert found[1] is False
        assert found[version.number] is True
        assert loop.gateways.ledger.unpromoted_registrations("shop", datetime.now(UTC)) == ()

    def test_an_intent_whose_version_is_intact_is_finished(self, loop, delivery):
        intent = self.intend(loop, self.registered(loop))
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
        assert loop.champion == intent.version.number == 2
        assert aliases(loop) == [2, 1]

    def test_an_intent_whose_version_is_damaged_is_taken_back(self, loop, delivery):
        version = self.registered(loop)
        self.intend(loop, version)
        loop.registry.point("shop", "champion", version.number)
        loop.registry.tamper(version)
        loop.monitor(SPEC, delivery.batch("b0", batch_rows(0)))
        assert loop.champion == 1
        assert aliases(loop) == [1, None]
        assert [p.id for p in loop.gateways.ledger.promotions("shop") if not p.done] == []

    def test_an_alias_that_someone_moved_is_moved_back(self, promoted, delivery):
        promoted.registry.point("shop", "champion", 1)
        promoted.registry.point("shop", "previous", 2)
        assert promoted.monitor(a_spec(source=delivery.source)) == []  # nothing new has come
        assert aliases(promoted) == [2, 1]
