"""The last images of a camera, found again by their stamp."""

from __future__ import annotations

import threading
from collections import OrderedDict

from mobinet.types import Image


class FrameBuffer:
    """Keeps the newest ``capacity`` images; may be filled and read from different threads."""

    def __init__(self, capacity: int = 30) -> None:
        self._capacity = capacity
        self._images: OrderedDict[int, Image] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, stamp_ns: int, image: Image) -> None:
        with self._lock:
            self._images[stamp_ns] = image
            while len(self._images) > self._capacity:
                self._images.popitem(last=False)

    def get(self, stamp_ns: int) -> Image | None:
        with self._lock:
            return self._images.get(stamp_ns)

    def stamps(self) -> list[int]:
        """Stamps of the images that are kept, oldest first."""
        with self._lock:
            return list(self._images)

    def after(self, stamp_ns: int) -> list[tuple[int, Image]]:
        """The images that came after that of a stamp, oldest first."""
        with self._lock:
            return [(stamp, image) for stamp, image in self._images.items() if stamp > stamp_ns]

    def clear(self) -> None:
        with self._lock:
            self._images.clear()
