"""Detections of one camera to tracks: many objects followed at once."""

from mobinet.tracking.camera_motion import ImageMotion, ImageMotionSettings, rotation_homography
from mobinet.tracking.interpolation import fill_gaps
from mobinet.tracking.settings import TrackerSettings
from mobinet.tracking.tracker import Tracker

__all__ = ["ImageMotion", "ImageMotionSettings", "Tracker", "TrackerSettings", "fill_gaps", "rotation_homography"]
