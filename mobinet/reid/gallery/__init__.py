"""Known objects: kept for good, recognised again, or told from them."""

from mobinet.reid.gallery.calibration import Calibration, calibrate
from mobinet.reid.gallery.gallery import Gallery
from mobinet.reid.gallery.opening import open_gallery
from mobinet.reid.gallery.records import Enrolment, Forgotten, Hit, Known, Match, Prototype, Verdict
from mobinet.reid.gallery.settings import GallerySettings

__all__ = [
    "Calibration",
    "Enrolment",
    "Forgotten",
    "Gallery",
    "GallerySettings",
    "Hit",
    "Known",
    "Match",
    "Prototype",
    "Verdict",
    "calibrate",
    "open_gallery",
]
