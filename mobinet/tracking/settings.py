"""Settings of the tracker."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class TrackerSettings:
    """The tracker's only defaults.

    Raises:
        SettingsError: a value is out of range, or ``low_score <= high_score <= new_track_score`` does not hold.
    """

    low_score: float = setting(
        0.1, "detections below this score are not looked at, 0..1", minimum=0.0, maximum=1.0, live=True
    )
    high_score: float = setting(
        0.6, "detections from this score on are associated first, 0..1", minimum=0.0, maximum=1.0, live=True
    )
    new_track_score: float = setting(
        0.6, "an unmatched detection from this score on starts a track, 0..1", minimum=0.0, maximum=1.0, live=True
    )
    min_iou: float = setting(
        0.15, "least overlap (IoU) of a track and a high-score detection", minimum=0.0, maximum=1.0, live=True
    )
    min_iou_low: float = setting(
        0.5, "least overlap (IoU) of a track and a low-score detection", minimum=0.0, maximum=1.0, live=True
    )
    min_iou_tentative: float = setting(
        0.2, "least overlap (IoU) of a tentative track and a detection", minimum=0.0, maximum=1.0, live=True
    )
    min_iou_wide: float = setting(
        0.15,
        "least overlap of a track that found no detection nearby, boxes widened",
        minimum=0.0,
        maximum=1.0,
        live=True,
    )
    box_margin: float = setting(
        0.2, "boxes are widened on each side by this share of their size", minimum=0.0, maximum=5.0, live=True
    )
    wide_box_margin: float = setting(
        0.5,
        "the same for tracks that found no detection nearby; 0 leaves that search out",
        minimum=0.0,
        maximum=5.0,
        live=True,
    )
    direction_weight: float = setting(
        0.1, "how much a detection's direction from the track's last one counts", minimum=0.0, maximum=10.0, live=True
    )
    height_weight: float = setting(0.5, "how much a difference in height counts", minimum=0.0, maximum=10.0, live=True)
    appearance_weight: float = setting(
        1.0,
        "how much a different look counts, where embeddings are given",
        minimum=0.0,
        maximum=10.0,
        live=True,
    )
    max_cost: float = setting(
        0.9, "pairs that cost more are not made; an overlap of nothing costs 1", minimum=0.1, maximum=1000.0, live=True
    )
    confirm_hits: int = setting(
        3,
        "a track is confirmed at this many matched detections, the first one included",
        minimum=1,
        maximum=1000,
        live=True,
    )
    max_tentative_coast_s: float = setting(
        0.3,
        "a tentative track that is unmatched is dropped after this time, seconds",
        minimum=0.0,
        maximum=3600.0,
        live=True,
    )
    max_coast_s: float = setting(
        2.0,
        "a track without a matched detection for longer than this is dropped, seconds",
        minimum=0.0,
        maximum=3600.0,
        live=True,
    )
    max_strangers: float = setting(
        0.1,
        "it is dropped sooner where this many newcomers are to be expected in its place; 0 leaves that out",
        minimum=0.0,
        maximum=100.0,
        live=True,
    )
    measurement_noise: float = setting(
        0.08, "standard deviation of a detection's centre and size, in box sizes", minimum=1e-4, maximum=1.0, live=True
    )
    acceleration_noise: float = setting(
        1.0, "how fast the centre's velocity changes, in box sizes per s^1.5", minimum=0.0, maximum=100.0, live=True
    )
    noise_adaptation_s: float = setting(
        0.7,
        "time in which acceleration_noise follows how unevenly the picture moves, seconds; 0 leaves it as it is",
        minimum=0.0,
        maximum=3600.0,
        live=True,
    )
    resize_noise: float = setting(
        0.3, "how fast the size's velocity changes, in box sizes per s^1.5", minimum=0.0, maximum=100.0, live=True
    )
    initial_speed: float = setting(
        1.5,
        "standard deviation of a new track's velocity, in box sizes per second",
        minimum=0.0,
        maximum=100.0,
        live=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if not self.low_score <= self.high_score <= self.new_track_score:
            raise SettingsError(
                f"expected low_score <= high_score <= new_track_score, got {self.low_score}, {self.high_score}, "
                f"{self.new_track_score}"
            )
