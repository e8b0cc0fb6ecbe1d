"""Cooperation: sightings of many robots in, identities out."""

from mobinet.cooperation.identities import IdentityMap
from mobinet.cooperation.projection import CameraPose, GroundFlag, GroundPoints, GroundSettings, project_feet
from mobinet.cooperation.settings import IdentitySettings
from mobinet.cooperation.sightings import CameraView, Sighted, make_sightings

__all__ = [
    "CameraPose",
    "CameraView",
    "GroundFlag",
    "GroundPoints",
    "GroundSettings",
    "IdentityMap",
    "IdentitySettings",
    "Sighted",
    "make_sightings",
    "project_feet",
]
