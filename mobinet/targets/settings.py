"""How one chosen object is followed: which network, and what decides among its answers."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.models.session import PROVIDERS
from mobinet.settings import check_settings, setting

AS_NETWORK = -1.0


@dataclass(frozen=True)
class TargetSettings:
    """Settings of a target tracker."""

    network: str = setting(
        "street-siamese",
        "siamese network: the path of its .onnx file (the backbone, where there are several) or a name; street-siamese "
        "comes with mobinet, nanotrack-v2 is for real cameras ('mobinet models pull nanotrack-v2')",
    )
    head: str = setting("", "path or name of the network's head, empty = the one that its YAML file names")
    provider: str = setting("cpu", "what runs the network", choices=tuple(PROVIDERS))
    threads: int = setting(1, "processor threads of one run, 0 = half of the cores", minimum=0, maximum=256)
    penalty: float = setting(
        AS_NETWORK,
        "how much a change of size and shape counts against a box, -1 = as the network's YAML file says",
        minimum=-1.0,
        maximum=10.0,
    )
    window: float = setting(
        AS_NETWORK,
        "weight of the cosine window against the score, -1 = as the network's YAML file says",
        minimum=-1.0,
        maximum=1.0,
    )
    smoothing: float = setting(
        AS_NETWORK,
        "share of the new size in the next one at a perfect score, -1 = as the network's YAML file says",
        minimum=-1.0,
        maximum=1.0,
    )
    smallest_px: float = setting(4.0, "least width and height of the target, pixels", minimum=1.0, maximum=1e4)
    uncertain_score: float = setting(
        0.5, "score below which the state is UNCERTAIN", minimum=0.0, maximum=1.0, live=True
    )

    def __post_init__(self) -> None:
        check_settings(self)
