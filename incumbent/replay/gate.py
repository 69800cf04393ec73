"""The gate in memory: a candidate beside the champion, and the refit of what holds."""

from dataclasses import replace

import pandas as pd

from incumbent.data.intake import blocks_of
from incumbent.model.baseline import evaluate_baseline
from incumbent.model.promotion import distance_failure
from incumbent.model.scoring import classes_of
from incumbent.policy.shadow import compare, judge, pair
from incumbent.records import Burden, FittedModel, ModelCard, PairedBlock, Ruling
from incumbent.replay.fits import FitKey, Fits
from incumbent.replay.state import State, card_of


def retrain(state: State, batch: int, *, anew: bool, tested: bool) -> Ruling:
    """A candidate judged on a batch, and promoted where it holds.

    Args:
        state: Where the loop stands; it is changed.
        batch: The newest labelled batch, which the candidate has not seen.
        anew: Take another candidate even where one waits for more labels.
        tested: A backtest has fitted the candidate already.
    """
    rows, spec = state.training_batch(batch), state.spec
    candidate, earlier = state.champion, tuple[PairedBlock, ...]()
    if state.waiting is not None and not anew:
        candidate, earlier = state.waiting
    elif state.has_new_rows(batch):
        candidate = state.key(batch - 1)
        state.fits_made += 0 if tested else 1
    newest = pair(
        state.fits.judging(batch, state.champion),
        state.fits.judging(batch, candidate),
        blocks_of(rows, spec),
    )
    evidence, state.looks = (*earlier, *newest), state.looks + 1
    verdict = judge(compare(evidence, spec, state.looks), Burden.REFRESH, spec)
    state.waiting = (candidate, evidence) if verdict.verdict is Ruling.EXTEND else None
    state.said.append(f"{batch:>3} {verdict.verdict.value:<8} {verdict.reasons[0]}")
    if verdict.verdict is not Ruling.PROMOTE:
        return verdict.verdict
    return _promote(state, batch, candidate)


def _promote(state: State, batch: int, candidate: FitKey) -> Ruling:
    rows, key, fits, spec = state.training_batch(batch), state.key(batch), state.fits, state.spec
    kinds, before = fits.history.kinds, state.card.baseline
    evaluation = evaluate_baseline(fits.model(candidate), rows, spec, kinds, before)
    card = card_of(fits, spec, key, evaluation)
    judged, refitted = _fitted(fits, candidate, card), _fitted(fits, key, card)
    state.fits_made += 1
    known = fits.history.through(batch - 1, key.without)
    if failure := distance_failure(judged, refitted, known, rows, spec):
        state.said.append(f"{batch:>3} refused  {failure}")
        return Ruling.REJECT
    state.champion, state.card = key, card
    state.version, state.looks, state.promotions = state.version + 1, 0, state.promotions + 1
    return Ruling.PROMOTE


def _fitted(fits: Fits, key: FitKey, card: ModelCard) -> FittedModel:
    classes = classes_of(fits.model(key), card.spec.task)
    none = pd.DataFrame()
    return FittedModel(replace(card, classes=classes), fits.model(key), none, none)
