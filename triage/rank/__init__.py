"""Ranking: vectors, words and wishes to scores; the baselines stand beside the deployed ranker."""

from __future__ import annotations

from triage.rank.baselines import prepare_newest, prepare_random, prepare_similarity, prepare_svm
from triage.rank.calibration import THRESHOLD, probability
from triage.rank.fusion import prepare as prepare_fusion
from triage.rank.reasons import phrases
from triage.rank.records import Fitted, Meaning, Pool, Query, Ranker, Reason, Scores, order
from triage.rank.scope import Scope
from triage.rank.stages import PANEL, PANEL_MOST, PANEL_OF, best_share, panel
from triage.rank.trust import Calibration, Foretold, Judged, foretell, learn

__all__ = [
    "DEFAULT",
    "PANEL",
    "PANEL_MOST",
    "PANEL_OF",
    "RANKERS",
    "THRESHOLD",
    "Calibration",
    "Fitted",
    "Foretold",
    "Judged",
    "Meaning",
    "Pool",
    "Query",
    "Ranker",
    "Reason",
    "Scope",
    "Scores",
    "best_share",
    "foretell",
    "learn",
    "order",
    "panel",
    "phrases",
    "probability",
]

DEFAULT = "fusion"

RANKERS: dict[str, Ranker] = {
    ranker.name: ranker
    for ranker in (
        Ranker("fusion", "4", prepare_fusion, stages=True),
        Ranker("tfidf-svm", "1", prepare_svm),
        Ranker("mean-similarity", "1", prepare_similarity),
        Ranker("newest", "1", prepare_newest),
        Ranker("random", "1", prepare_random),
    )
}
