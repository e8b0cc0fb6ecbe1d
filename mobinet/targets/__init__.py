"""One chosen object of one camera: siamese matching, and what corrects its errors."""

from mobinet.targets.base import Correction, Estimate, Matcher, Response
from mobinet.targets.corrections import make_corrections
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings
from mobinet.targets.siamese import SiameseMatcher
from mobinet.targets.tracker import TargetTracker

__all__ = [
    "Correction",
    "Estimate",
    "Matcher",
    "Response",
    "SiameseMatcher",
    "TargetSettings",
    "TargetTracker",
    "load_matcher",
    "make_corrections",
]
