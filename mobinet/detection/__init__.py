"""Images to detections: one interface, several backends."""

from mobinet.detection.base import Detector, DetectorSettings
from mobinet.detection.factory import make_detector

__all__ = ["Detector", "DetectorSettings", "make_detector"]
