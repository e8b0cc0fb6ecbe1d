"""Makes the detector of events that the settings name."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import ModelError
from mobinet.events.clusters import ClusterDetector, ClusterSettings
from mobinet.events.detector import EventDetector
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class EventDetectorSettings:
    """Which detector of events.

    Raises:
        SettingsError: a value is out of range.
    """

    model: str = setting(
        "clusters", "'clusters' (a camera that stands still), 'movers' (one that moves), or a network's name or path"
    )

    def __post_init__(self) -> None:
        check_settings(self)


def make_event_detector(
    settings: EventDetectorSettings, width: int, height: int, clusters: ClusterSettings | None = None
) -> EventDetector:
    """A detector for one camera, ready to run.

    Args:
        settings: which one.
        width, height: of the sensor, pixels.
        clusters: of the detector of that name.

    Raises:
        ModelError: no such model.
    """
    if settings.model == "clusters":
        return ClusterDetector(width, height, clusters)
    raise ModelError(f"event detector '{settings.model}': expected 'clusters'; name one that there is")
