"""Settings of the association of sightings to identities."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.settings import check_settings, setting


@dataclass(frozen=True)
class IdentitySettings:
    """Settings of the identity map. Robots that shall agree need the same ones."""

    window_s: float = setting(
        2.0, "sightings that come later than this after a newer one are refused, seconds", minimum=0.0, maximum=60.0
    )
    slot_s: float = setting(
        0.1, "sightings are associated in steps of this length, seconds", minimum=0.01, maximum=10.0
    )
    expiry_s: float = setting(20.0, "an identity unseen for so long is dropped, seconds", minimum=0.1, maximum=86400.0)
    live_s: float = setting(
        1.0, "a track unseen for so long no longer shows its identity, seconds", minimum=0.05, maximum=60.0
    )
    track_silence_s: float = setting(
        5.0, "a track id that was silent for so long is a new track (its camera restarted), seconds", minimum=0.1,
        maximum=3600.0,
    )  # fmt: skip
    track_jump: float = setting(
        40.0, "a track that jumps by more than this squared Mahalanobis distance is a new one", minimum=5.0,
        maximum=1e6,
    )  # fmt: skip
    gate: float = setting(
        9.21, "squared Mahalanobis distance (2 axes) above which two tracks are never one object; 9.21 keeps 99 %",
        minimum=0.1, maximum=1e4,
    )  # fmt: skip
    acceleration: float = setting(
        1.0, "how much objects change their speed, metres per second per root second", minimum=0.001, maximum=100.0
    )
    start_speed_m_s: float = setting(
        1.5, "usual speed of an object seen for the first time, metres per second", minimum=0.0, maximum=100.0
    )
    correlation_s: float = setting(
        0.5, "for so long successive errors of one track are alike and teach nothing new, seconds", minimum=0.0,
        maximum=60.0,
    )  # fmt: skip
    bias_sigma_m: float = setting(
        0.2, "error that two cameras do not share and that does not average out, metres", minimum=0.0, maximum=100.0
    )
    area_m2: float = setting(
        10.0, "ground area in which one expects one object, square metres", minimum=0.01, maximum=1e6
    )
    evidence_s: float = setting(
        2.0, "how long the distance of two tracks is averaged, seconds", minimum=0.01, maximum=3600.0
    )
    similarity_middle: float = setting(
        0.65, "dot product of two embeddings that speaks neither for nor against one object", minimum=-1.0, maximum=1.0
    )
    similarity_slope: float = setting(10.0, "log likelihood ratio per unit of dot product", minimum=0.0, maximum=1000.0)
    similarity_limit: float = setting(
        3.0, "most that looks say for or against, as log likelihood ratio", minimum=0.0, maximum=100.0
    )
    class_penalty: float = setting(
        4.0, "what different classes say against one object, as log likelihood ratio", minimum=0.0, maximum=100.0
    )
    stickiness: float = setting(
        0.5, "what having been one object in the last step says for it, as log likelihood ratio", minimum=0.0,
        maximum=100.0,
    )  # fmt: skip
    max_tracks: int = setting(1000, "most tracks remembered; the longest unseen goes first", minimum=1, maximum=10**6)
    max_pending: int = setting(
        20_000, "most sightings kept within the window; more are refused", minimum=1, maximum=10**7
    )

    def __post_init__(self) -> None:
        check_settings(self)
