"""Which settings judge."""

from tests.flows.world import a_spec, batch_rows


def test_the_spec_of_today_says_how_many_labels_are_enough(loop, delivery):
    few = batch_rows(0, changed=True, rows_a_day=25)
    (found,) = loop.monitor(a_spec(harm_min_labels=50), delivery.batch("b0", few))
    assert found["harm"]["enough"] is True


def test_the_spec_of_today_says_how_much_harm_is_borne(loop, delivery):
    path = delivery.batch("b0", batch_rows(0, changed=True))
    (found,) = loop.monitor(a_spec(harm_tolerance=1.0), path)
    (loss,) = [s for s in found["harm"]["signals"] if s["signal"] == "loss"]
    assert loss["threshold"] == 2 * found["harm"]["promised"]["value"]
