"""Skew beyond its limit: what is told of it, and why such a batch is not learnt from."""

from incumbent.records import DecisionInputs, FeatureSkew, Reason

SIGNAL = "skew"
MOST_NAMED = 5


def skew_reasons(inputs: DecisionInputs) -> tuple[Reason, ...]:
    """A reason for each feature whose share of mismatching rows is above the spec's limit.

    One reason stands for all features that whole rows explain.
    """
    beyond, limit = _beyond(inputs), inputs.spec.skew_limit
    whole = inputs.skew.whole_rows if inputs.skew else None
    if whole is None or whole.share <= limit:
        return tuple(_of_feature(found, limit) for found in beyond)
    text = f"{whole.share:.1%} of the served rows hold {whole.kind.value} in nearly all features"
    own = (_of_feature(found, limit) for found in beyond if found.kind is not whole.kind)
    return (Reason(SIGNAL, None, whole.share, limit, text), *own)


def skew_fault(inputs: DecisionInputs) -> Reason | None:
    """A reason to exclude a batch from training: the model would be served other values."""
    found, limit = skew_reasons(inputs), inputs.spec.skew_limit
    if not found:
        return None
    names = [reason.column or "whole rows" for reason in found]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    named = f"{', '.join(names[:MOST_NAMED])}{more}"
    text = f"served with other values than the batch holds, beyond {limit:.1%} of the rows: {named}"
    return Reason(SIGNAL, None, found[0].observed, limit, text)


def _beyond(inputs: DecisionInputs) -> list[FeatureSkew]:
    features = inputs.skew.features if inputs.skew else ()
    return [found for found in features if found.mismatch_share > inputs.spec.skew_limit]


def _of_feature(found: FeatureSkew, limit: float) -> Reason:
    kind = found.kind.value if found.kind else ""
    text = (
        f"{found.feature} was served with other values in {found.mismatch_share:.1%} of"
        f" {found.joined} rows ({kind}: {found.evidence})"
    )
    return Reason(SIGNAL, found.feature, found.mismatch_share, limit, text)
