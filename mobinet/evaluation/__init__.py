"""Results against the truth: tracking, identities, detection, re-identification, single objects, events."""

from mobinet.evaluation.identities import IdentityScores, IdentitySettings, evaluate_identities
from mobinet.evaluation.mot import MotScores, MotSettings, combine_mot, evaluate_mot, evaluate_mot_classes
from mobinet.evaluation.positions import PositionSettings, evaluate_positions
from mobinet.evaluation.tables import PositionTable, TrackTable

__all__ = [
    "IdentityScores",
    "IdentitySettings",
    "MotScores",
    "MotSettings",
    "PositionSettings",
    "PositionTable",
    "TrackTable",
    "combine_mot",
    "evaluate_identities",
    "evaluate_mot",
    "evaluate_mot_classes",
    "evaluate_positions",
]
