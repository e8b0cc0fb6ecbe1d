"""``STEM.yaml`` beside the backbone of a siamese network: what the files themselves do not tell."""

from __future__ import annotations

from dataclasses import dataclass

from mobinet.errors import SettingsError
from mobinet.settings import check_settings, setting

KINDS = ("", "distances", "anchors", "heatmap")
SCORES = ("", "softmax", "sigmoid", "probability")


@dataclass(frozen=True)
class SiameseSidecar:
    """Keys of the file; the defaults are NanoTrack's (and of most networks trained with PySOT).

    Raises:
        SettingsError: a wrong value, or values that do not go together.
    """

    head: str = setting("", "network that compares the features: a file beside this one or a name of the zoo")
    template: str = setting("", "network that describes the target, where it is not the backbone: likewise")
    template_inputs: tuple[str, ...] = setting((), "inputs of the head that take the template, in the order of outputs")
    kind: str = setting(
        "", "what the head gives: distances, anchors or heatmap; empty = told by channels", choices=KINDS
    )
    score: str = setting("", "how a score becomes 0..1; empty = softmax of two channels, else sigmoid", choices=SCORES)
    foreground: int = setting(1, "which channel of a softmax is the target", minimum=0, maximum=1)
    exemplar_size: int = setting(127, "side of the template's crop, pixels", minimum=16, maximum=2048)
    search_size: int = setting(255, "side of the searched crop, pixels", minimum=16, maximum=4096)
    stride: int = setting(16, "pixels of the searched crop from cell to cell", minimum=1, maximum=256)
    context: float = setting(0.5, "margin around the target, share of width plus height", minimum=0.0, maximum=4.0)
    colour: str = setting("bgr", "order of the colours", choices=("bgr", "rgb"))
    scale: float = setting(1.0, "factor on the pixels before mean and std", minimum=1e-6, maximum=1e3)
    mean: tuple[float, ...] = setting((0.0, 0.0, 0.0), "subtracted per colour after the factor, network's order")
    std: tuple[float, ...] = setting((1.0, 1.0, 1.0), "divides per colour after the mean", minimum=1e-6)
    penalty: float = setting(0.15, "penalty on a change of size and shape", minimum=0.0, maximum=10.0)
    window: float = setting(0.49, "weight of the cosine window", minimum=0.0, maximum=1.0)
    smoothing: float = setting(0.385, "share of the new size in the next one", minimum=0.0, maximum=1.0)
    anchor_ratios: tuple[float, ...] = setting((), "heights over widths of the anchors", minimum=1e-3)
    anchor_scales: tuple[float, ...] = setting((), "sides of the anchors in strides", minimum=1e-3)
    scales: tuple[float, ...] = setting((0.9639, 1.0, 1.0375), "heatmap: sizes searched, of the last", minimum=0.1)
    enlarge: int = setting(1, "heatmap: cells into which each is divided, a side", minimum=1, maximum=16)

    def __post_init__(self) -> None:
        check_settings(self)
        for name in ("mean", "std"):
            values = getattr(self, name)
            if len(values) != 3:
                raise SettingsError(f"{name}: expected 3 numbers, got {list(values)}")
        if self.kind == "anchors" and not (self.anchor_ratios and self.anchor_scales):
            raise SettingsError("kind 'anchors' needs anchor_ratios and anchor_scales; give those it was trained with")
        if not self.scales:
            raise SettingsError("scales: expected at least one number, got none; 1.0 is the size that it last had")
