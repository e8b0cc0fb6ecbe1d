"""Events to the input of a recurrent network: counts by pixel, polarity and time, in an array that is used again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mobinet.events.base import Events, check_inside
from mobinet.events.histogram import histogram
from mobinet.events.recurrent_sidecar import RecurrentSidecar
from mobinet.events.windows import Window
from mobinet.models.session import Array


class RecurrentInput:
    """Of one camera.

    A sensor that is larger than the network's input has as many of its pixels put together, a whole number in a row,
    as make it fit: their events are counted as one pixel's, which is exact and costs one division an event. The picture
    is at the top left; right and below are pixels without events.

    Args:
        width, height: of the sensor.
        sidecar: what the network wants.
        fixed_size: height and width of its input, where the file fixes them.
        dtype: of its input.
    """

    def __init__(
        self, width: int, height: int, sidecar: RecurrentSidecar, fixed_size: tuple[int, int] | None, dtype: str
    ) -> None:
        most_height, most_width = fixed_size or (sidecar.largest_height, sidecar.largest_width)
        self._sensor = width, height
        self.pooled = max(1, -(-width // most_width), -(-height // most_height))
        self._size = -(-width // self.pooled), -(-height // self.pooled)
        self.height, self.width = fixed_size or (_padded(self._size[1], sidecar), _padded(self._size[0], sidecar))
        self._sidecar = sidecar
        self._counts: NDArray[np.uint8] = np.zeros((2, sidecar.bins, self.height, self.width), np.uint8)
        self._fed: Array = np.zeros((1, 2 * sidecar.bins, self.height, self.width), np.dtype(dtype))

    def fill(self, events: Events, window: Window) -> Array:
        """``(1, channels, height, width)``; valid until the next call.

        Raises:
            InputError: an event outside the sensor.
        """
        check_inside(events, *self._sensor)
        if self.pooled > 1:
            x, y = (np.floor_divide(values, np.uint16(self.pooled)) for values in (events.x, events.y))
            events = Events(events.t_ns, x, y, events.polarity)
        counts = histogram(events, self.width, self.height, self._sidecar.bins, window, out=self._counts)
        if self._sidecar.most_events < np.iinfo(np.uint8).max:
            np.minimum(counts, np.uint8(self._sidecar.most_events), out=counts)
        if self._sidecar.first == "on":
            counts = counts[::-1]
        if self._sidecar.order == "bin":
            counts = counts.swapaxes(0, 1)
        fed = self._fed.reshape(counts.shape)
        np.copyto(fed, counts, casting="unsafe")
        self._normalise(fed)
        return self._fed

    def _normalise(self, fed: Array) -> None:
        sidecar = self._sidecar
        if (sidecar.scale, sidecar.mean, sidecar.std) != (1.0, 0.0, 1.0):
            fed *= np.asarray(sidecar.scale / sidecar.std, fed.dtype)
            fed -= np.asarray(sidecar.mean / sidecar.std, fed.dtype)


def _padded(side: int, sidecar: RecurrentSidecar) -> int:
    return -(-side // sidecar.multiple) * sidecar.multiple
