from io import BytesIO

import pytest
from matplotlib.image import imread

from incumbent.report.chart import MARKS, OTHERS, draw

POLICIES = ("never", "always", "periodic", "incumbent")


def a_replay(batches=3, verdict=None, name="2013-02-01_2013-02-15", loss=0.5, metric=0.5):
    return {
        "metric_name": "log_loss",
        "policies": {p: {"metric": metric, "trainings": 1} for p in POLICIES},
        "batches": [
            {"batch": name, "verdict": verdict, "metric": dict.fromkeys(POLICIES, loss)}
            for _ in range(batches)
        ],
    }


def pixels(doc):
    return imread(BytesIO(draw(doc)), format="png")


def test_the_picture_is_a_png_of_one_size():
    found = draw(a_replay())
    assert found[:8] == b"\x89PNG\r\n\x1a\n"
    assert pixels(a_replay()).shape[:2] == (624, 1430)


def test_the_same_document_gives_the_same_picture():
    assert draw(a_replay()) == draw(a_replay())


@pytest.mark.parametrize("verdict", list(MARKS))
def test_every_verdict_has_a_mark(verdict):
    assert (pixels(a_replay(verdict=verdict)) != pixels(a_replay())).any()


@pytest.mark.parametrize(
    "doc",
    [
        a_replay(0),
        a_replay(1),
        a_replay(loss=None),
        a_replay(loss=None, metric=None, verdict="reject"),
        a_replay(name="$a^$ & <b> {c} \\frac"),
        a_replay(60),
    ],
    ids=["no batch", "one", "no loss", "nothing known", "strange name", "many"],
)
def test_unusual_replays_are_drawn(doc):
    assert pixels(doc).shape == (624, 1430, 4)


def test_other_specs_have_lines_of_their_own():
    """Each in a colour of its own; a sixth takes the first again."""
    plain, drawn = a_replay(), a_replay()
    names = [f"other {n}" for n in range(len(OTHERS) + 1)]
    for height, name in enumerate(names):
        drawn["policies"][name] = {"metric": 1.0, "trainings": 2}
        for batch in drawn["batches"]:
            batch["metric"][name] = 1.0 + height
    for colour in OTHERS:
        assert not has(pixels(plain), colour)
        assert has(pixels(drawn), colour)


def has(image, colour):
    wanted = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    return bool((abs(image[..., :3] - wanted).max(axis=-1) < 0.004).any())
