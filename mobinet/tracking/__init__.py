"""Detections of one camera to tracks: many objects followed at once."""

from mobinet.tracking.camera_motion import ground_homography, rotation_homography
from mobinet.tracking.fused import FusedTracker, map_detections
from mobinet.tracking.fusion import FusionSettings
from mobinet.tracking.image_motion import ImageMotion, ImageMotionSettings
from mobinet.tracking.interpolation import fill_gaps
from mobinet.tracking.late import LateSettings, PatientTracker
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.tracker import Tracker

__all__ = [
    "FusedTracker",
    "FusionSettings",
    "ImageMotion",
    "ImageMotionSettings",
    "LateSettings",
    "PatientTracker",
    "Tracker",
    "TrackerSettings",
    "fill_gaps",
    "ground_homography",
    "map_detections",
    "rotation_homography",
]
