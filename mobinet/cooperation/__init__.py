"""Cooperation: sightings of many robots in, identities out."""

from mobinet.cooperation.identities import IdentityMap
from mobinet.cooperation.peers import (
    EnvelopeWriter,
    PeerEnvelope,
    PeerGuard,
    PeerSettings,
    Refusal,
    Verdict,
)
from mobinet.cooperation.projection import CameraPose, GroundFlag, GroundPoints, GroundSettings, project_feet
from mobinet.cooperation.settings import IdentitySettings
from mobinet.cooperation.sightings import CameraView, Sighted, make_sightings
from mobinet.cooperation.wire import as_sent, decode_sightings, encode_sightings

__all__ = [
    "CameraPose",
    "CameraView",
    "EnvelopeWriter",
    "GroundFlag",
    "GroundPoints",
    "GroundSettings",
    "IdentityMap",
    "IdentitySettings",
    "PeerEnvelope",
    "PeerGuard",
    "PeerSettings",
    "Refusal",
    "Sighted",
    "Verdict",
    "as_sent",
    "decode_sightings",
    "encode_sightings",
    "make_sightings",
    "project_feet",
]
