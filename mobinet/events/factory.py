"""Makes the detector of events that the settings name."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.events.clusters import ClusterDetector, ClusterSettings
from mobinet.events.detector import EventDetector
from mobinet.events.movers import MoverDetector, MoverSettings
from mobinet.events.recurrent import RecurrentDetector, RecurrentSettings
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
    settings: EventDetectorSettings,
    width: int,
    height: int,
    clusters: ClusterSettings | None = None,
    network: RecurrentSettings | None = None,
    movers: MoverSettings | None = None,
) -> EventDetector:
    """A detector for one camera, ready to run.

    Args:
        settings: which one.
        width, height: of the sensor, pixels.
        clusters, movers: of the detector of that name.
        network: how a network is used.

    Raises:
        ModelError: no such model, or a network that is none for events.
        SettingsError: the file beside the network is wrong.
        MissingDependencyError: no ONNX Runtime.
    """
    if settings.model == "clusters":
        return ClusterDetector(width, height, clusters)
    if settings.model == "movers":
        return MoverDetector(width, height, movers)
    return RecurrentDetector.load(settings.model, width, height, network)
