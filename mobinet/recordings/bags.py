"""Bags of ROS 2 (rosbag2 folders, single ``.mcap`` and ``.db3`` files) without ROS: messages stay serialised."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from types import TracebackType

from mobinet.errors import RecordingError
from mobinet.recordings.bag_parts import open_bag
from mobinet.recordings.bag_types import BagMessage, BagTopic, TopicQos
from mobinet.recordings.bag_writer import BagWriter

__all__ = ["BagMessage", "BagReader", "BagTopic", "BagWriter", "TopicQos"]


class BagReader:
    """Reads a bag in the order of its stamps.

    Of a damaged bag all is delivered that can be read; ``messages`` raises after it.

    Args:
        path: rosbag2 folder (sqlite3 or mcap, plain or compressed with zstd), ``.mcap`` or ``.db3`` file.

    Raises:
        RecordingError: there is no bag, or nothing of it can be read.
        MissingDependencyError: rosbags is not installed.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        self._opened = open_bag(self.path)
        self.topics = self._opened.topics
        self.warning = self._opened.warning
        spans = [span for part in self._opened.parts if (span := part.span_ns()) is not None]
        self.start_ns = min((start for start, _ in spans), default=0)
        self.end_ns = max((end for _, end in spans), default=0)

    @property
    def message_count(self) -> int:
        return sum(topic.count for topic in self.topics.values())

    @property
    def duration_ns(self) -> int:
        """From the first to the last message."""
        return self.end_ns - self.start_ns

    @property
    def damage(self) -> str:
        """What is lost and how to cure it; empty for a whole bag."""
        return "; ".join(filter(None, [self._opened.damage, *(part.damage for part in self._opened.parts)]))

    def messages(
        self, topics: Collection[str] | None = None, start_ns: int | None = None, stop_ns: int | None = None
    ) -> Iterator[BagMessage]:
        """The messages with ``start_ns <= stamp < stop_ns`` of the named topics, all by default.

        Raises:
            RecordingError: a topic is not in the bag; or, after the last message that can be read, the bag is damaged.
        """
        unknown = sorted(set(topics or ()) - set(self.topics))
        if unknown:
            raise RecordingError(
                f"bag '{self.path}' has no topic '{unknown[0]}'; it has {', '.join(sorted(self.topics)) or 'none'}"
            )
        return self._read(set(self.topics) if topics is None else set(topics), start_ns, stop_ns)

    def _read(self, names: set[str], start_ns: int | None, stop_ns: int | None) -> Iterator[BagMessage]:
        for part in self._opened.parts:
            yield from part.messages(names, start_ns, stop_ns)
        if self.damage:
            raise RecordingError(f"bag '{self.path}' is damaged: {self.damage}")

    def close(self) -> None:
        for part in self._opened.parts:
            part.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
