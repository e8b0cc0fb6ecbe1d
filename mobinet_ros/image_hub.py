"""Hands images from whoever has them to every node of this process: in memory, or deserialised once.

A camera node of this process provides its topic; its images reach the other nodes as the array itself. A topic that
nobody here provides is subscribed once, by one of the nodes that listen, and handed on to the others; when that node
stops listening, another one takes over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from std_msgs.msg import Header

from mobinet.types import Image

ImageCallback = Callable[[Header, Image], None]


@dataclass(frozen=True, eq=False)
class ImageListener:
    """One node that wants the images of one topic.

    Args:
        receive: called with each image, in the thread of whoever has it.
        refuse: called with the reason when an image came that could not be read.
        bridge: subscribes the topic for the whole process, on this node.
    """

    receive: ImageCallback
    refuse: Callable[[str], None]
    bridge: Callable[[], None]


class ImageHub:
    """One per process; every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, list[ImageListener]] = {}
        self._provided: set[str] = set()
        self._bridging: dict[str, ImageListener] = {}

    def provide(self, topic: str) -> None:
        """Announces that a node of this process hands over the images of this resolved topic."""
        with self._lock:
            self._provided.add(topic)

    def listen(self, topic: str, listener: ImageListener) -> None:
        """From now on the listener receives; it may be told to bridge, now or when another one stops."""
        with self._lock:
            self._listeners.setdefault(topic, []).append(listener)
        self._find_bridge(topic)

    def forget(self, topic: str, listener: ImageListener) -> None:
        """The listener's node stops: its subscription, if it bridged, is its own to destroy."""
        with self._lock:
            listeners = self._listeners.get(topic, [])
            if listener in listeners:
                listeners.remove(listener)
            if self._bridging.get(topic) is listener:
                del self._bridging[topic]
        self._find_bridge(topic)

    def is_listened(self, topic: str) -> bool:
        """Whether a node of this process wants the images of a topic: what nobody wants need not be made."""
        return bool(self._listeners_of(topic))

    def hand_over(self, topic: str, header: Header, image: Image) -> int:
        """Calls every listener in the caller's thread; returns how many there were. The image is made read-only."""
        image.flags.writeable = False
        listeners = self._listeners_of(topic)
        for listener in listeners:
            listener.receive(header, image)
        return len(listeners)

    def refuse(self, topic: str, reason: str) -> None:
        """Tells every listener of an image that could not be read."""
        for listener in self._listeners_of(topic):
            listener.refuse(reason)

    def _listeners_of(self, topic: str) -> tuple[ImageListener, ...]:
        with self._lock:
            return tuple(self._listeners.get(topic, ()))

    def _find_bridge(self, topic: str) -> None:
        with self._lock:
            listeners = self._listeners.get(topic)
            if not listeners or topic in self._provided or topic in self._bridging:
                return
            chosen = self._bridging[topic] = listeners[0]
        chosen.bridge()
