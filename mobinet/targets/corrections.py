"""The modules behind a matcher, made from their settings."""

from __future__ import annotations

from mobinet.targets.base import Correction, Matcher
from mobinet.targets.history import FrameHistory, HistorySettings
from mobinet.targets.occlusion import OcclusionModule
from mobinet.targets.occlusion_settings import OcclusionSettings


def make_corrections(
    matcher: Matcher,
    *,
    occlusion: OcclusionSettings | None = None,
    history: HistorySettings | None = None,
    use: tuple[str, ...] = ("occlusion",),
) -> list[Correction]:
    """The corrections named in ``use``, in the order in which they judge; they share one history of images."""
    shared = FrameHistory(history or HistorySettings())
    made: list[Correction] = []
    if "occlusion" in use:
        made.append(OcclusionModule(matcher, occlusion, shared))
    return made
