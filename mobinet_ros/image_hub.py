"""Hands images from whoever has them to every node of this process: in memory, or deserialised once.

A camera node of this process provides its topic; its images reach the other nodes as the array itself. A topic that
nobody here provides is subscribed once, by the first node that asks, and handed on to the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sensor_msgs.msg import CompressedImage
from sensor_msgs.msg import Image as ImageMessage
from std_msgs.msg import Header

from mobinet.types import Image

ImageCallback = Callable[[Header, Image], None]


class ImageHub:
    """One per process; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: dict[str, list[ImageCallback]] = {}
        self._provided: set[str] = set()
        self._bridged: set[str] = set()

    def provide(self, topic: str) -> None:
        """Announces that a node of this process hands over the images of this resolved topic."""
        with self._lock:
            self._provided.add(topic)

    def listen(self, topic: str, callback: ImageCallback) -> bool:
        """Registers a callback; True when the caller must bridge: subscribe the topic and ``hand_over`` what comes."""
        with self._lock:
            self._callbacks.setdefault(topic, []).append(callback)
            if topic in self._provided or topic in self._bridged:
                return False
            self._bridged.add(topic)
            return True

    def forget(self, topic: str, callback: ImageCallback) -> None:
        with self._lock:
            callbacks = self._callbacks.get(topic, [])
            if callback in callbacks:
                callbacks.remove(callback)

    def release(self, topic: str) -> None:
        """The node that bridged a topic is gone: the next listener bridges it."""
        with self._lock:
            self._bridged.discard(topic)

    def hand_over(self, topic: str, header: Header, image: Image) -> int:
        """Calls every listener in the caller's thread; returns how many there were. The image is made read-only."""
        with self._lock:
            callbacks = tuple(self._callbacks.get(topic, ()))
        image.flags.writeable = False
        for callback in callbacks:
            callback(header, image)
        return len(callbacks)


IMAGE_TYPES: dict[str, type] = {"raw": ImageMessage, "compressed": CompressedImage}
