"""Challenge: a challenger is found, compared with the champion, and refitted where it holds."""

from dataclasses import replace

from incumbent.data.profile import kinds_in
from incumbent.loop.comparison import compare_on
from incumbent.loop.state import Challenge, Contender, LoopState, Refit, contender_of
from incumbent.loop.teaching import unlearnt_batches
from incumbent.model.baseline import evaluate_baseline
from incumbent.model.promotion import distance_failure
from incumbent.policy.decision import resumes
from incumbent.policy.shadow import burden_of, compare, judge
from incumbent.records import (
    BatchEntry,
    Burden,
    DecisionInputs,
    PairedBlock,
    ShadowReport,
    Verdict,
)


def challenger_for(state: LoopState, batch: str, *, anew: bool) -> Challenge:
    """The challenger that waits for more labels, or a new one fitted on all but this batch.

    Where the champion has learnt all batches but this one, its own recipe would give the champion
    again: the champion stands for the challenger, and no fit is made.
    """
    waiting = None if anew else state.challenger()
    if waiting is not None and judgeable(waiting, batch):
        return waiting
    champion, taught = contender_of(state.champion()), unlearnt_batches(state, batch)
    if not taught and burden_of(champion.spec, state.spec) is Burden.REFRESH:
        return Challenge(champion)
    return Challenge(state.fit(champion.key.beyond(taught)))


def judgeable(waiting: Challenge, batch: str) -> bool:
    """Whether a waiting challenger was not fitted on this batch."""
    return batch not in waiting.contender.key.batches


def judged_again(state: LoopState, inputs: DecisionInputs) -> bool:
    """Whether a challenger waits that this batch can judge."""
    waiting = state.challenger() if resumes(inputs) else None
    return waiting is not None and judgeable(waiting, inputs.batch)


def gather_evidence(
    state: LoopState, challenge: Challenge, entry: BatchEntry
) -> tuple[PairedBlock, ...]:
    """Losses of both models per day on one batch, beside those of earlier batches.

    Labels of a batch that arrive in parts replace the evidence of its earlier labels.
    """
    champion = contender_of(state.champion())
    newest = compare_on(state, champion, challenge.contender, entry).evidence
    earlier = (block for block in challenge.evidence if block.batch != entry.ordinal)
    return (*earlier, *newest)


def judge_challenger(
    state: LoopState, challenger: Contender, evidence: tuple[PairedBlock, ...]
) -> tuple[ShadowReport, Verdict]:
    """The gate's verdict on a challenger."""
    report = compare(evidence, state.spec, state.look(evidence))
    burden = burden_of(state.champion().model.card.spec, challenger.spec)
    return report, judge(report, burden, state.spec)


def refit(state: LoopState, challenger: Contender, entry: BatchEntry) -> Refit:
    """The challenger's recipe fitted with the rows that judged it, and whether it may be promoted.

    Its baseline is that of the challenger on those rows, which the challenger has not seen.
    """
    champion, batch, spec = state.champion(), entry.batch.digest, state.spec
    card, newest = champion.model.card, state.rows(batch)
    evaluation = evaluate_baseline(
        challenger.pipeline,
        newest,
        challenger.spec,
        kinds_in(card.profile),
        card.baseline,
    )
    taught = (*unlearnt_batches(state, batch), batch)
    refitted = state.fit(contender_of(champion).key.beyond(taught))
    shared = state.fitted_rows(challenger.key)
    failure = distance_failure(challenger.pipeline, refitted.pipeline, shared, newest, spec)
    return Refit(replace(refitted, spec=spec), evaluation, entry, failure)
