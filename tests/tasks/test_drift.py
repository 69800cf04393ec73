"""What a batch's document says of the champion's scores and of the labels."""

from tests.flows.world import a_spec, batch_rows

CHANGED = batch_rows(0, changed=True)


def outputs(doc):
    return {c["column"]: c for c in doc["drift"]["outputs"]}


def test_the_label_joins_the_score_once_labels_come(loop, delivery):
    loop.monitor(a_spec(), delivery.unlabelled("b0", CHANGED))
    (stored,) = loop.monitor(a_spec(), delivery.unlabelled("b0", CHANGED))
    assert list(outputs(stored)) == ["(score)"]
    (late,) = loop.monitor(a_spec(), None, delivery.labels_of("b0", CHANGED))
    assert list(outputs(late)) == ["(score)", "(label)"]
    assert outputs(late)["(score)"] == outputs(stored)["(score)"]
    assert late["drift"]["score"] == stored["drift"]["score"]
    assert {c["column"] for c in late["drift"]["columns"]} == {"price", "age", "page"}


def test_a_champion_that_came_later_leaves_them_as_they_were(loop, delivery):
    path = delivery.unlabelled("b0", CHANGED)
    (first,) = loop.monitor(a_spec(), path)
    (one,) = loop.monitor(a_spec(), None, delivery.labels_of("one", CHANGED[::2]))
    assert loop.champion == 2  # which has learnt these rows
    (two,) = loop.monitor(a_spec(), None, delivery.labels_of("two", CHANGED[1::2]))
    assert outputs(first).keys() < outputs(one).keys()
    assert outputs(two) == outputs(one)
