"""Results against the truth: tracking, identities, detection, re-identification, single objects, events."""

from mobinet.evaluation.absences import AbsenceScores, AbsenceSettings, add_absences, evaluate_absences
from mobinet.evaluation.detection import DetectionReport, DetectionScores, DetectionSettings, evaluate_detection
from mobinet.evaluation.events import EventSettings, evaluate_events
from mobinet.evaluation.identities import IdentityScores, IdentitySettings, evaluate_identities
from mobinet.evaluation.localisation import LocalisationScores, evaluate_localisation
from mobinet.evaluation.mot import MotScores, MotSettings, combine_mot, evaluate_mot, evaluate_mot_classes
from mobinet.evaluation.picture_folders import PictureFolder, read_picture_folder
from mobinet.evaluation.positions import AgreementScores, PositionSettings, evaluate_agreement, evaluate_positions
from mobinet.evaluation.reid import Pictures, ReidScores, ReidSettings, evaluate_reid, rank_gallery, same_camera_last
from mobinet.evaluation.tables import BoxTable, PositionTable, TrackTable
from mobinet.evaluation.target import TargetScores, TargetSettings, evaluate_target

__all__ = [
    "AbsenceScores",
    "AbsenceSettings",
    "AgreementScores",
    "BoxTable",
    "DetectionReport",
    "DetectionScores",
    "DetectionSettings",
    "EventSettings",
    "IdentityScores",
    "IdentitySettings",
    "LocalisationScores",
    "MotScores",
    "MotSettings",
    "PictureFolder",
    "Pictures",
    "PositionSettings",
    "PositionTable",
    "ReidScores",
    "ReidSettings",
    "TargetScores",
    "TargetSettings",
    "TrackTable",
    "add_absences",
    "combine_mot",
    "evaluate_absences",
    "evaluate_agreement",
    "evaluate_detection",
    "evaluate_events",
    "evaluate_identities",
    "evaluate_localisation",
    "evaluate_mot",
    "evaluate_mot_classes",
    "evaluate_positions",
    "evaluate_reid",
    "evaluate_target",
    "rank_gallery",
    "read_picture_folder",
    "same_camera_last",
]
