"""Settings of a gallery."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class GallerySettings:
    """How objects are kept, and when one counts as known.

    Raises:
        SettingsError: a value is out of range, or the thresholds are the wrong way round.
    """

    views: int = setting(
        5, "most prototypes of an identity; a merged one keeps those of its parts", minimum=1, maximum=64
    )
    same_view: float = setting(
        0.9, "a view whose cosine with a prototype is so high goes into its mean, a lower one becomes a prototype",
        minimum=0.0, maximum=1.0, live=True,
    )  # fmt: skip
    memory: float = setting(
        16.0, "how many perfect views a prototype's mean remembers", minimum=1.0, maximum=1e6, live=True
    )
    false_accepts: float = setting(
        0.01, "share of unknown objects that may be taken for somebody, which a calibration turns into a threshold",
        minimum=0.0, maximum=1.0, live=True,
    )  # fmt: skip
    false_news: float = setting(
        0.05, "share of known objects that may be taken for new ones, which a calibration turns into a threshold",
        minimum=0.0, maximum=1.0, live=True,
    )  # fmt: skip
    known_score: float = setting(
        0.85, "cosine from which an object is known, as long as the gallery is not calibrated",
        minimum=-1.0, maximum=1.0, live=True,
    )  # fmt: skip
    new_score: float = setting(
        0.7, "cosine below which it is new, as long as the gallery is not calibrated",
        minimum=-1.0, maximum=1.0, live=True,
    )  # fmt: skip
    margin: float = setting(
        0.02,
        "a known object is nearer to its identity than to any other by so much",
        minimum=0.0,
        maximum=2.0,
        live=True,
    )
    exact_up_to: int = setting(
        100_000, "up to so many prototypes all are compared, above it a graph is searched (FAISS's HNSW)", minimum=0
    )
    thumbnails: bool = setting(False, "whether pictures that are given with an object are kept")

    def __post_init__(self) -> None:
        check_settings(self)
        if self.new_score > self.known_score:
            raise SettingsError(f"new_score: {self.new_score} is above known_score {self.known_score}; lower it")
