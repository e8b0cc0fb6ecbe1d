"""Pictures for people: overlays on images and the Rerun view."""

from mobinet.viewing.colours import identity_colour, target_colour, track_colour
from mobinet.viewing.overlay import OverlaySettings, draw_overlay, target_text
from mobinet.viewing.rerun_layout import CameraKey
from mobinet.viewing.rerun_view import RerunSettings, RerunView, merge_identities
from mobinet.viewing.trails import Trails, foot_point

__all__ = [
    "CameraKey",
    "OverlaySettings",
    "RerunSettings",
    "RerunView",
    "Trails",
    "draw_overlay",
    "foot_point",
    "identity_colour",
    "merge_identities",
    "target_colour",
    "target_text",
    "track_colour",
]
