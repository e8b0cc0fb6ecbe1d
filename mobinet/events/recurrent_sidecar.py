"""What the YAML file beside a recurrent network on events says that the network itself does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mobinet.errors import SettingsError
from mobinet.models.sidecar import load_sidecar
from mobinet.settings import check_settings, setting

HEADS = ("scores", "yolox", "yolox_pixels")


@dataclass(frozen=True)
class RecurrentSidecar:
    """Keys of ``STEM.yaml`` beside ``STEM.onnx``.

    Raises:
        SettingsError: a value is out of range, or a state is not two names.
    """

    counts: str = setting("", "input of the counts; empty for the only one that is no state")
    boxes: str = setting("", "output of the boxes; empty for the only one that is no state")
    states: tuple[str, ...] = setting(
        (), "each INPUT=OUTPUT; empty: the other inputs and the other outputs, in the file's order"
    )
    state_strides: tuple[int, ...] = setting(
        (), "pixels of the input a cell of each state, where the file leaves its size open", minimum=1, maximum=256
    )
    bins: int = setting(10, "into which a window is cut", minimum=1, maximum=64)
    first: str = setting("off", "polarity of the first channels", choices=("off", "on"))
    order: str = setting(
        "polarity", "channels: all bins of a polarity, or both polarities of a bin", choices=("polarity", "bin")
    )
    most_events: int = setting(255, "of a pixel in a bin; more count as this", minimum=1, maximum=255)
    scale: float = setting(1.0, "factor on the counts", minimum=1e-6)
    mean: float = setting(0.0, "subtracted after the factor")
    std: float = setting(1.0, "divides after the mean", minimum=1e-6)
    window_s: float = setting(0.05, "longest window, s", minimum=1e-4, maximum=10.0)
    max_events: int = setting(0, "most events of a window; 0 for any number", minimum=0)
    multiple: int = setting(32, "height and width of the input are a multiple of it", minimum=1, maximum=512)
    largest_width: int = setting(
        400, "pixels of a sensor that is wider are put together, where the file leaves the size open", minimum=16
    )
    largest_height: int = setting(400, "the same for a sensor that is higher", minimum=16)
    head: str = setting("yolox", "what the boxes' output holds", choices=HEADS)
    class_names: tuple[str, ...] = setting((), "names of the classes, in the order of their scores")

    def __post_init__(self) -> None:
        check_settings(self)
        pairs = self.state_names
        if len({name for name, _ in pairs}) < len(pairs) or len({name for _, name in pairs}) < len(pairs):
            raise SettingsError(f"states: expected each name once, got {list(self.states)}")
        if self.state_strides and self.states and len(self.state_strides) != len(self.states):
            raise SettingsError(
                f"state_strides: expected one for each of the {len(self.states)} states, got {list(self.state_strides)}"
            )
        if any(not isinstance(name, str) for name in self.class_names):
            raise SettingsError(f"class_names: expected names, got {list(self.class_names)}; quote them")

    @property
    def state_names(self) -> tuple[tuple[str, str], ...]:
        """Input and output of each state, where they are said."""
        pairs = []
        for entry in self.states:
            before, separator, after = str(entry).partition("=")
            if not separator or not before.strip() or not after.strip():
                raise SettingsError(f"states: expected INPUT=OUTPUT, got {entry!r}")
            pairs.append((before.strip(), after.strip()))
        return tuple(pairs)


def read_recurrent_sidecar(model: Path) -> RecurrentSidecar:
    """The YAML file beside a network, or all defaults where there is none.

    Raises:
        SettingsError: see ``load_sidecar``.
    """
    return load_sidecar(RecurrentSidecar, model)
