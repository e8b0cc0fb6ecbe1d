"""The modules behind a matcher, made from their settings."""

from __future__ import annotations

from collections.abc import Sequence

from mobinet.errors import SettingsError
from mobinet.targets.base import Correction, Matcher
from mobinet.targets.distractors import DistractorModule, DistractorSettings
from mobinet.targets.history import FrameHistory, HistorySettings
from mobinet.targets.occlusion import OcclusionModule
from mobinet.targets.occlusion_settings import OcclusionSettings
from mobinet.targets.redetection import Proposer

CORRECTIONS = ("distractors", "occlusion")
"""All modules, in the order in which they judge."""


def make_corrections(
    matcher: Matcher,
    *,
    use: Sequence[str] = CORRECTIONS,
    occlusion: OcclusionSettings | None = None,
    distractors: DistractorSettings | None = None,
    history: HistorySettings | None = None,
    proposer: Proposer | None = None,
) -> list[Correction]:
    """The corrections named in ``use``, in the order in which they judge; they share one history of images.

    Args:
        matcher: the same that the tracker searches with.
        use: some of ``CORRECTIONS``.
        occlusion, distractors, history: settings of the modules and of the images that they keep.
        proposer: where else to look for a target that is LOST, such as a ``Redetector``.

    Raises:
        SettingsError: a name that is not one of ``CORRECTIONS``.
    """
    unknown = sorted(set(use) - set(CORRECTIONS))
    if unknown:
        raise SettingsError(f"use: '{unknown[0]}' is no correction; there are {', '.join(CORRECTIONS)}")
    shared = FrameHistory(history)
    made: list[Correction] = []
    if "distractors" in use:
        made.append(DistractorModule(matcher, distractors, shared))
    if "occlusion" in use:
        made.append(OcclusionModule(matcher, occlusion, shared, proposer))
    return made
