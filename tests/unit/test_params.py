import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from incumbent.params import ModelSpec

SMALLEST = {"name": "loans", "task": "binary", "target": "late"}


def spec(**fields):
    return ModelSpec(**{**SMALLEST, **fields})


def refusal(**fields):
    with pytest.raises(ValidationError) as caught:
        spec(**fields)
    return str(caught.value)


def test_three_fields_are_enough():
    assert spec().trigger == "harm"


@pytest.mark.parametrize("missing", SMALLEST)
def test_without_one_of_them_there_is_no_spec(missing):
    with pytest.raises(ValidationError, match=missing):
        ModelSpec(**{k: v for k, v in SMALLEST.items() if k != missing})


def test_an_unknown_field_is_refused():
    assert "drift_quantile" in refusal(drift_quantile=0.05)


def test_a_spec_cannot_be_changed_in_place():
    with pytest.raises(ValidationError, match="frozen"):
        spec().name = "other"


@pytest.mark.parametrize("name", ["a", "0", "flights-2013", "a_b", "a" * 63])
def test_names_that_can_be_registered(name):
    assert spec(name=name).name == name


@pytest.mark.parametrize("name", ["", "-a", "_a", "Flights", "a b", "a/b", "..", "a\n", "a" * 64])
def test_names_that_cannot(name):
    assert "name" in refusal(name=name)


@pytest.mark.parametrize("name", ["flights", "f2"])
def test_expectations_are_named_as_modules_are(name):
    assert spec(expectations=name).expectations == name


@pytest.mark.parametrize("name", ["os.path", "../flights", "Flights", "2f", "flights.py", "a\n"])
def test_expectations_cannot_reach_another_module(name):
    assert "expectations" in refusal(expectations=name)


@pytest.mark.parametrize(
    "path",
    [
        "data/*.parquet",
        "/srv/data/batch_??.csv",
        "s3://bucket/month=01/*.parquet",
        "data/[0-9]*/{a}.csv",
        "~/a b.csv",
        "données/x.csv",
        "data/b_*.parquet",
        "./x.csv",
        "/abs/p.q/x",
        "s3://b/k.parquet",
        "a (1), b.csv",
        ".hidden/./x.",
        "/" * 1_024,
    ],
)
def test_paths_and_patterns(path):
    assert spec(source=path).source == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "..",
        "../etc/passwd",
        "../x",
        "a/../b",
        "data/../../x",
        "data/..",
        "/..",
        "data..old/x.csv",
        "a;rm",
        "a\nb",
        "x.csv\n",
        "\n",
        "$HOME/x",
        "a|b",
        "/" * 1_025,
    ],
)
def test_a_path_never_climbs_out_or_speaks_to_a_shell(path):
    assert "source" in refusal(source=path)


@given(st.text("ab./*", min_size=1))
def test_a_path_is_refused_for_two_dots_in_a_row_alone(path):
    if ".." in path:
        assert "source" in refusal(source=path)
    else:
        assert spec(source=path).source == path


@pytest.mark.parametrize(
    ("field", "inside", "outside"),
    [
        ("schedule_days", 0.5, 0),
        ("validation_null_tolerance", 0, -0.01),
        ("validation_null_tolerance", 1, 1.01),
        ("drift_q", 0.001, 0),
        ("drift_q", 0.999, 1),
        ("drift_effect_floor", 0, -0.01),
        ("drift_effect_floor", 1, 1.01),
        ("skew_tolerance", 0, -1e-9),
        ("skew_tolerance", 0.99, 1),
        ("skew_limit", 0, -0.01),
        ("skew_limit", 1, 1.01),
        ("harm_min_labels", 30, 29),
        ("harm_confidence", 0.5, 0.49),
        ("harm_confidence", 0.999, 1),
        ("harm_tolerance", 1, 1.01),
        ("decision_price", 0, -0.01),
        ("decision_price", 1, 1.01),
        ("decision_cooldown", 0, -1),
        ("decision_cooldown", 100, 101),
        ("decision_budget", 0.01, 0),
        ("decision_budget", 1, 1.01),
        ("training_half_life", 0, -0.01),
        ("training_half_life", 1, 1.01),
        ("training_max_rows", 1_000, 999),
        ("training_holdout", 0.01, 0),
        ("training_holdout", 0.89, 0.9),
        ("training_iterations", 1, 0),
        ("training_iterations", 5_000, 5_001),
        ("training_learning_rate", 1, 1.01),
        ("training_leaves", 2, 1),
        ("training_leaves", 1_024, 1_025),
        ("training_seed", 0, -1),
        ("shadow_min_labels", 30, 29),
        ("shadow_confidence", 0.5, 0.49),
        ("shadow_margin", 0, -0.01),
        ("promotion_distance", 1, 1.01),
    ],
)
def test_bounds(field, inside, outside):
    assert getattr(spec(**{field: inside}), field) == inside
    assert field in refusal(**{field: outside})


COSTS = ("decision_training_cost", "decision_loss_cost")


@pytest.mark.parametrize("field", COSTS)
@pytest.mark.parametrize(
    ("inside", "outside"), [(1e-6, 9e-7), (1e12, 1.1e12), (1, float("nan")), (1, float("inf"))]
)
def test_bounds_of_costs(field, inside, outside):
    both = dict.fromkeys(COSTS, 1.0)
    assert getattr(spec(**both | {field: inside}), field) == inside
    assert field in refusal(**both | {field: outside})


@pytest.mark.parametrize("field", COSTS)
def test_one_cost_alone_sets_no_price(field):
    assert "give both" in refusal(**{field: 1.0})
    assert all(getattr(spec(), cost) is None for cost in COSTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize(
    "field",
    [
        "drift_q",
        "skew_limit",
        "harm_tolerance",
        "decision_price",
        "decision_budget",
        "shadow_margin",
    ],
)
def test_a_threshold_is_a_finite_number(field, value):
    assert field in refusal(**{field: value})


@pytest.mark.parametrize(
    "fields",
    [
        {"timestamp": "late"},
        {"id": "late"},
        {"id": "at", "timestamp": "at"},
    ],
)
def test_target_timestamp_and_id_are_three_columns(fields):
    assert "must be different columns" in refusal(**fields)


@pytest.mark.parametrize("column", ["late", "at", "key"])
def test_none_of_them_is_a_feature(column):
    assert column in refusal(timestamp="at", id="key", features=("age", column))


@pytest.mark.parametrize("features", [(), ("age", "zone")])
@pytest.mark.parametrize("column", ["late", "at", "key"])
def test_neither_is_a_slice(features, column):
    assert column in refusal(timestamp="at", id="key", features=features, harm_slices=(column,))


def test_a_slice_is_one_of_the_features_where_they_are_named():
    assert spec(features=("age", "zone"), harm_slices=("zone",)).harm_slices == ("zone",)
    assert spec(harm_slices=("zone",)).harm_slices == ("zone",)
    assert "harm_slices must be features: ['zone']" in refusal(
        features=("age",), harm_slices=("zone",)
    )


def test_a_serving_log_needs_an_id():
    assert "name the id column" in refusal(serving_log="served/*.parquet")
    assert spec(serving_log="served/*.parquet", id="key").serving_log == "served/*.parquet"


def test_exploration_is_a_share_of_rows_that_have_an_id():
    assert "name the id column" in refusal(feedback_exploration=0.05)
    for outside in (-0.01, 1.01):
        assert "feedback_exploration" in refusal(feedback_exploration=outside, id="key")
    assert spec(feedback_exploration=1, id="key").feedback_exploration == 1
    assert spec().feedback_exploration == 0


def test_labels_that_come_apart_need_an_id():
    assert "name the id column" in refusal(labels="labels/*.parquet")
    assert spec(labels="labels/*.parquet", id="key").labels == "labels/*.parquet"


def test_a_spec_comes_back_from_json():
    full = spec(id="key", categorical=("zone",), source="data/*.csv", drift_q=0.01)
    assert ModelSpec.model_validate_json(full.model_dump_json()) == full


def test_every_field_has_a_title_a_description_and_its_place_in_the_form():
    schema = ModelSpec.model_json_schema()
    kinds = {f"#/$defs/{name}": kind for name, kind in schema["$defs"].items()}
    fields = [{**kinds.get(f.get("$ref"), {}), **f} for f in schema["properties"].values()]
    assert [f["position"] for f in fields] == list(range(len(fields)))
    assert all(f["title"] and f["description"] for f in fields)


def test_every_optional_field_shows_its_default_in_the_form():
    schema = ModelSpec.model_json_schema()
    optional = set(schema["properties"]) - set(schema["required"])
    assert all("default" in schema["properties"][name] for name in optional)
