"""What every detector of events is."""

from __future__ import annotations

from typing import Protocol

from mobinet.events.base import Events
from mobinet.events.windows import Window, WindowSettings
from mobinet.types import Detections, Float64


class EventDetector(Protocol):
    """Finds objects in the events of one camera. It remembers what was before: each camera has its own.

    ``class_names`` are all that it may give; '' is an object of a class that it does not know. ``window_settings`` say
    when it wants a window to be full.
    """

    class_names: tuple[str, ...]
    window_settings: WindowSettings

    def detect(self, events: Events, window: Window, image_motion: Float64 | None = None) -> Detections:
        """The objects at the end of a window; windows follow each other.

        Args:
            events: of the window, in order of time, inside the sensor; noise is filtered already.
            window: the time they are from.
            image_motion: ``(3, 3)`` where pixels went from the window's beginning to its end because the camera moved,
                as :mod:`mobinet.tracking.camera_motion` has it; ``None`` where nobody knows.

        Raises:
            InputError: an event outside the sensor, or the window begins before the last one's end.
            ModelError: a network's output does not fit.
        """
        ...

    def reset(self) -> None:
        """Forgets what was before: after a gap in the events, or when time jumps."""
        ...
