"""A detector of events that learnt what it looks for: a recurrent network, window by window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mobinet.boxes import cxcywh_to_xyxy
from mobinet.errors import InputError, ModelError, SettingsError
from mobinet.events.base import Events
from mobinet.events.recurrent_head import HEADS, Rows
from mobinet.events.recurrent_input import RecurrentInput
from mobinet.events.recurrent_network import RecurrentNetwork
from mobinet.events.windows import Window, WindowSettings
from mobinet.models.zoo import find_model
from mobinet.settings import check_settings, setting
from mobinet.suppression import suppress
from mobinet.types import Detections, Float32, Float64

# thinner boxes hold no pixel; they come from objects that are cut by the border
_SMALLEST_SIDE_PX = 1.0


@dataclass(frozen=True)
class RecurrentSettings:
    """How a recurrent network is used.

    Raises:
        SettingsError: a value is out of range.
    """

    network_score_threshold: float = setting(0.5, "lowest score that is reported", minimum=0.0, maximum=1.0)
    network_nms_iou: float = setting(
        0.5,
        "of two boxes of a class that overlap more than this, only the better one is kept",
        minimum=0.0,
        maximum=1.0,
    )
    network_max_detections: int = setting(100, "most detections of one window", minimum=1, maximum=10000)
    network_period_s: float = setting(0.0, "longest window, s; 0 as the network wants it", minimum=0.0, maximum=10.0)
    network_max_events: int = setting(
        -1, "most events of a window, 0 for any number, -1 as the network wants it", minimum=-1
    )
    network_gap_s: float = setting(
        0.5,
        "time between two windows after which what was seen before is forgotten, s: people have moved by their own "
        "width by then",
        minimum=0.0,
        maximum=60.0,
    )
    network_provider: str = setting("cpu", "what runs it", choices=("cpu", "cuda", "tensorrt", "openvino"))
    network_threads: int = setting(0, "processor threads of one run, 0 = half of the cores", minimum=0, maximum=256)

    def __post_init__(self) -> None:
        check_settings(self)


class RecurrentDetector:
    """Finds objects of known classes in the events of one camera, which may stand or move.

    The network's memory is kept from one window to the next. It is empty at the beginning, after ``reset``, and after a
    gap: what it remembers is where things were.

    Args:
        network: loaded once, for any number of cameras.
        width, height: of the sensor, pixels.
        settings: thresholds and windows.

    Raises:
        ModelError: the network cannot take this sensor, or its outputs are not what its sidecar says.
    """

    def __init__(
        self, network: RecurrentNetwork, width: int, height: int, settings: RecurrentSettings | None = None
    ) -> None:
        self._settings, self._network, self._size = settings or RecurrentSettings(), network, (width, height)
        sidecar = network.sidecar
        self._input = RecurrentInput(width, height, sidecar, network.fixed_size, network.dtype)
        self._head = HEADS[sidecar.head](self._input.height, self._input.width)
        self.window_settings = _windows(self._settings, network)
        self.class_names = self._check_outputs()
        self.reset()

    @classmethod
    def load(cls, model: str, width: int, height: int, settings: RecurrentSettings | None = None) -> RecurrentDetector:
        """The network of that name or path (see ``mobinet.models.zoo.find_model``), for one camera."""
        settings = settings or RecurrentSettings()
        network = RecurrentNetwork(Path(find_model(model)), settings.network_provider, settings.network_threads)
        return cls(network, width, height, settings)

    def reset(self) -> None:
        """Forgets what was seen."""
        self._memory = self._network.empty_memory(self._input.height, self._input.width)
        self._end_ns: int | None = None

    def detect(self, events: Events, window: Window, image_motion: Float64 | None = None) -> Detections:  # noqa: ARG002
        """The objects at the end of a window, best first; see :class:`mobinet.events.detector.EventDetector`."""
        if window.end_ns <= window.start_ns or (self._end_ns is not None and window.start_ns < self._end_ns):
            raise InputError(
                f"recurrent detector: expected a window that begins at {self._end_ns} ns or later and ends after it "
                f"begins, got {window.start_ns} to {window.end_ns} ns; call reset() where time begins anew"
            )
        counts = self._input.fill(events, window)
        if self._end_ns is not None and window.start_ns - self._end_ns > self._settings.network_gap_s * 1e9:
            self.reset()
        output, self._memory = self._network.run(counts, self._memory)
        self._end_ns = window.end_ns
        return self._select(self._head.read(output))

    def _select(self, rows: Rows) -> Detections:
        settings = self._settings
        keep = np.flatnonzero((rows.scores >= settings.network_score_threshold) & np.isfinite(rows.boxes).all(axis=1))
        boxes = self._to_sensor(rows.boxes[keep])
        large = (boxes[:, 2:] - boxes[:, :2] >= _SMALLEST_SIDE_PX).all(axis=1)
        boxes, keep = boxes[large], keep[large]
        scores, class_ids = rows.scores[keep], rows.class_ids[keep]
        order = suppress(boxes, scores, class_ids, settings.network_nms_iou)[: settings.network_max_detections]
        names = tuple(self.class_names[class_id] for class_id in class_ids[order])
        return Detections(boxes[order], np.clip(scores[order], 0, 1), names)

    def _to_sensor(self, boxes: Float32) -> Float32:
        """``(N, 4)`` xyxy pixels of the sensor, cut at its border, of centre and size in pixels of the input."""
        corners = cxcywh_to_xyxy(boxes.astype(np.float64)) * self._input.pooled
        return np.clip(corners, 0, np.tile(self._size, 2)).astype(np.float32)

    def _check_outputs(self) -> tuple[str, ...]:
        """The names of the classes, after one run on nothing, which tells the outputs' shapes."""
        network, size = self._network, (self._input.height, self._input.width)
        blank = np.zeros((1, 2 * network.sidecar.bins, *size), np.dtype(network.dtype))
        output, _ = network.run(blank, network.empty_memory(*size))
        count = self._head.class_count(output.shape)
        if count is None:
            raise ModelError(
                f"{network.path}: head '{network.sidecar.head}' expects {self._head.expects}; found {output.shape} for "
                f"an input of {size[0]} x {size[1]}; say the right 'head' in {network.path.with_suffix('.yaml').name}"
            )
        names = network.sidecar.class_names or tuple(f"class_{number}" for number in range(count))
        if len(names) != count:
            raise SettingsError(
                f"{network.path.with_suffix('.yaml')}: class_names: expected {count}, as many as the network has "
                f"classes, got {len(names)}"
            )
        return names


def _windows(settings: RecurrentSettings, network: RecurrentNetwork) -> WindowSettings:
    sidecar = network.sidecar
    most = sidecar.max_events if settings.network_max_events < 0 else settings.network_max_events
    return WindowSettings(period_s=settings.network_period_s or sidecar.window_s, max_events=most)
