"""When a target counts as hidden, and what is asked of what may be it."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class OcclusionSettings:
    """Thresholds of the evidence are log-odds: 0 is undecided, +1 is 73 %, -5 is less than 1 %.

    Raises:
        SettingsError: a value is out of range.
    """

    views: int = setting(20, "sure views that are remembered beside the first", minimum=1, maximum=256)
    view_every_s: float = setting(0.5, "time after which a sure view is remembered, seconds", minimum=0.0, maximum=60.0)
    novel_likeness: float = setting(
        0.85, "likeness to the known views below which a sure view is remembered at once", minimum=-1.0, maximum=1.0
    )
    trusted_s: float = setting(
        0.8,
        "age from which a view is trusted; younger ones are forgotten when the target is hidden, seconds",
        minimum=0.0,
        maximum=60.0,
    )
    memory: float = setting(0.5, "weight of the past in the mean log-odds", minimum=0.0, maximum=0.99)
    doubt_odds: float = setting(-0.5, "mean log-odds below which it is UNCERTAIN", minimum=-20.0, maximum=20.0)
    hidden_odds: float = setting(-4.5, "mean log-odds below which it is OCCLUDED", minimum=-20.0, maximum=20.0)
    resume_odds: float = setting(
        -1.5, "mean log-odds at which the network's box is followed again, in doubt", minimum=-20.0, maximum=20.0
    )
    candidates: int = setting(3, "places of each kind that are judged while in doubt", minimum=1, maximum=64)
    promising_odds: float = setting(-2.0, "log-odds at which a place is followed up", minimum=-20.0, maximum=20.0)
    accept_odds: float = setting(1.0, "mean log-odds that a place needs to be the target", minimum=-20.0, maximum=20.0)
    advantage: float = setting(
        2.0, "log-odds by which a place must beat the box that is followed in doubt", minimum=0.0, maximum=40.0
    )
    confirm_frames: int = setting(3, "images in a row in which a found target must hold", minimum=1, maximum=1000)
    patience: int = setting(10, "images after which a place that does not convince is given up", minimum=1)
    backtrack_steps: int = setting(10, "most searches of one look back", minimum=1, maximum=1000)
    look_back_every: int = setting(6, "images from one look back to the next at least", minimum=1, maximum=1000)
    plain_score: float = setting(
        0.8, "score of the network below which its own path is not the hidden target's", minimum=0.0, maximum=1.0
    )
    plain_images: int = setting(
        10, "images in a row after which the network's own path is looked back from", minimum=1, maximum=10_000
    )
    resume_images: int = setting(
        40, "images in a row after which the network's own path is the target's", minimum=1, maximum=100_000
    )
    probation_s: float = setting(0.4, "time that a found target stays REFOUND, seconds", minimum=0.0, maximum=60.0)
    lost_after_s: float = setting(2.0, "time out of sight after which it is LOST, seconds", minimum=0.0, maximum=3600.0)
    fade_s: float = setting(
        2.0, "time constant at which a hidden target's velocity fades, seconds", minimum=0.01, maximum=3600.0
    )

    def __post_init__(self) -> None:
        check_settings(self)
