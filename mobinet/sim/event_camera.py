"""An event camera of a world: renders as often as its image needs, and turns the pictures into events.

Pictures are 8 bits of red, green and blue, taken as sRGB (IEC 61966-2-1) and made linear; intensity is their luminance
(ITU-R BT.709). One step of 8 bits is up to 0.1 of the logarithm of intensity in the dark with the default
``dark_intensity``, far less in the light. It is half the default threshold: a pixel that wavers by one step makes no
events, since its memory holds until a whole threshold is crossed, but slow changes in the dark come in steps, and the
times of their events are as coarse.
"""

from __future__ import annotations

import numpy as np

from mobinet.errors import SettingsError
from mobinet.events import Events
from mobinet.events.word_decoder import MAX_SIDE
from mobinet.sim.event_pixels import EventPixels
from mobinet.sim.event_settings import EventCameraSettings
from mobinet.sim.image_motion import ImageMotion
from mobinet.sim.looks import generator
from mobinet.sim.simulation import CameraView, Simulation
from mobinet.types import Float64, Image

_LUMINANCE_BGR = (0.0722, 0.7152, 0.2126)
_STEP_US = 1000
_GROWTH = 2.0
_CAUTION = 0.9
_TRIALS = 6


class EventCamera:
    """The events of one camera of a simulation, from ``start_ns`` on.

    When pictures are rendered follows from the world alone, so the events do not depend on the times asked for.
    ``pictures`` counts those rendered.

    Args:
        simulation: of the world.
        view: the camera.
        settings: what its pixels are like, and how often to render.
        start_ns: time of the world that it is switched on at, whole microseconds.

    Raises:
        SettingsError: more pixels a side than EVT3 can tell.
    """

    def __init__(
        self, simulation: Simulation, view: CameraView, settings: EventCameraSettings, start_ns: int = 0
    ) -> None:
        model = view.camera.model
        if max(model.width, model.height) > MAX_SIDE:
            raise SettingsError(
                f"event camera {view.name}: expected at most {MAX_SIDE} pixels a side, "
                f"got {model.width} x {model.height}; make it smaller"
            )
        self._simulation, self._view, self._settings = simulation, view, settings
        self._motion = ImageMotion(simulation, view)
        self._rendered_ns = start_ns
        self._step_us = min(max(_STEP_US, settings.min_step_us), settings.max_step_us)
        random = generator(simulation.world.seed, f"{view.name} events")
        self._pixels = EventPixels(self._intensity(start_ns), start_ns, settings, random)
        self._waiting = Events.empty()
        self.pictures = 1

    def advance(self, until_ns: int) -> Events:
        """The events since the last call that are before ``until_ns``, in order of time.

        Returns:
            Times of the world in nanoseconds, whole microseconds; nothing if ``until_ns`` is not later than before.
        """
        parts = [self._waiting]
        while self._rendered_ns < until_ns:
            self._step_us = self._choose_step_us()
            self._rendered_ns += 1000 * self._step_us
            parts.append(self._pixels.show(self._intensity(self._rendered_ns), self._rendered_ns))
            self.pictures += 1
        events = Events.concatenate(parts)
        count = int(np.searchsorted(events.t_ns, until_ns))
        self._waiting = events[count:]
        return events[:count]

    def _intensity(self, stamp_ns: int) -> Float64:
        return linear_intensity(self._simulation.sharp_image(self._view, stamp_ns))

    def _choose_step_us(self) -> int:
        """Time to the next picture, in which nothing moves by more than it may."""
        least, most = self._settings.min_step_us, self._settings.max_step_us
        largest_px = self._settings.max_displacement_px
        step_us = min(int(_GROWTH * self._step_us), most)
        for _ in range(_TRIALS):
            moved_px = self._motion.displacement_px(self._rendered_ns, self._rendered_ns + 1000 * step_us)
            if moved_px <= largest_px or step_us == least:
                break
            step_us = max(int(step_us * _CAUTION * largest_px / moved_px), least)
        return step_us


def linear_intensity(image: Image) -> Float64:
    """``(H, W)`` luminance 0..1 of an ``(H, W, 3)`` BGR picture in sRGB."""
    blue, green, red = (_LINEAR[channel][image[:, :, channel]] for channel in range(3))
    return np.asarray(blue + green + red, np.float64)


def _linear_tables() -> Float64:
    """``(3, 256)`` what each value of a channel adds to the luminance."""
    value = np.arange(256) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.outer(_LUMINANCE_BGR, linear)


_LINEAR = _linear_tables()
