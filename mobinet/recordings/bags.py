"""Bags of ROS 2 (rosbag2 folders, single ``.mcap`` and ``.db3`` files) without ROS: messages stay serialised."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.recordings.bag_salvage import salvage
from mobinet.recordings.bag_types import REINDEX_CURE, BagMessage, BagTopic, TopicQos, qos_from_rosbags
from mobinet.recordings.bag_writer import BagWriter

__all__ = ["BagMessage", "BagReader", "BagTopic", "BagWriter", "TopicQos"]

SUFFIXES = (".mcap", ".db3")


class BagPart(Protocol):
    """One readable stretch of a bag: a whole bag, or one of its files where it is damaged."""

    topics: tuple[BagTopic, ...]
    damage: str
    """What is lost and the cure, empty when whole."""

    def messages(self, names: Collection[str], start_ns: int | None, stop_ns: int | None) -> Iterator[BagMessage]: ...

    def span_ns(self) -> tuple[int, int] | None:
        """Stamps of its first and last message, ``None`` when it has none."""

    def close(self) -> None: ...


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
        self._parts, self.warning = _open_parts(self.path)
        self.topics = _merged_topics(self._parts)
        spans = [span for part in self._parts if (span := part.span_ns()) is not None]
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
        return "; ".join(part.damage for part in self._parts if part.damage)

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
        for part in self._parts:
            yield from part.messages(names, start_ns, stop_ns)
        if self.damage:
            raise RecordingError(f"bag '{self.path}' is damaged: {self.damage}")

    def close(self) -> None:
        for part in self._parts:
            part.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WholeBag:
    """A bag or a file of one that rosbags can open.

    Raises:
        RecordingError: rosbags cannot read it.
    """

    def __init__(self, path: Path) -> None:
        try:
            from rosbags.rosbag2 import Reader
        except ImportError as error:
            raise MissingDependencyError("rosbags", "reading a bag") from error
        self.damage = ""
        self._path = path
        self._stack = ExitStack()
        try:
            self._reader: Any = self._stack.enter_context(Reader(path))
        # a parser of a foreign format fails on damaged bytes in every way there is: struct, unicode, type, zstd errors
        except Exception as error:
            raise RecordingError(f"bag '{path}' cannot be read: {error}") from error
        self.topics = tuple(_topic_from_rosbags(connection) for connection in self._reader.connections)

    def messages(self, names: Collection[str], start_ns: int | None, stop_ns: int | None) -> Iterator[BagMessage]:
        wanted = [connection for connection in self._reader.connections if connection.topic in names]
        if not wanted:  # rosbags takes none for all
            return
        messages = self._reader.messages(wanted, start_ns, stop_ns)
        while True:
            try:
                connection, stamp_ns, cdr = next(messages)
            except StopIteration:
                return
            except Exception as error:  # damaged bytes, as above
                raise RecordingError(
                    f"bag '{self._path}' is damaged in its middle: {error}; copy it again from where it was recorded, "
                    "or read only a part of it"
                ) from error
            yield BagMessage(connection.topic, connection.msgtype, stamp_ns, bytes(cdr))

    def span_ns(self) -> tuple[int, int] | None:
        if not self._reader.message_count:
            return None
        return int(self._reader.start_time), int(self._reader.end_time) - 1

    def close(self) -> None:
        self._stack.close()


def _open_parts(path: Path) -> tuple[list[BagPart], str]:
    """The readable parts of a bag, and a warning when it has no metadata but nothing else is missing."""
    if not path.exists():
        raise RecordingError(f"bag '{path}' does not exist; expected a rosbag2 folder, an .mcap or a .db3 file")
    if path.is_file():
        return [_open_file(path)], ""
    if (path / "metadata.yaml").exists():
        try:
            return [WholeBag(path)], ""
        except RecordingError as error:
            why = str(error)
    else:
        why = f"bag '{path}' has no metadata.yaml, its recorder did not end in order; {REINDEX_CURE} '{path}'"
    files = sorted(
        (file for file in path.iterdir() if file.suffix in SUFFIXES), key=lambda file: (len(file.name), file)
    )
    if not files:
        raise RecordingError(f"{why}; no .mcap or .db3 file is in it to read")
    return [_open_file(file) for file in files], why


def _open_file(path: Path) -> BagPart:
    if path.suffix not in SUFFIXES:
        raise RecordingError(f"'{path}' is no bag; expected a rosbag2 folder, an .mcap or a .db3 file")
    if path.stat().st_size == 0:
        raise RecordingError(
            f"bag '{path}' is empty (0 bytes): nothing was recorded or copied; copy or record it again"
        )
    try:
        return WholeBag(path)
    except RecordingError as error:
        return salvage(path, str(error))


def _merged_topics(parts: list[BagPart]) -> dict[str, BagTopic]:
    topics: dict[str, BagTopic] = {}
    for topic in (topic for part in parts for topic in part.topics):
        known = topics.get(topic.name)
        if known is None:
            topics[topic.name] = topic
            continue
        if known.type_name != topic.type_name:
            raise RecordingError(
                f"topic '{topic.name}' is recorded as {known.type_name} and {topic.type_name}; split the bag by type "
                "with 'ros2 bag convert'"
            )
        qos = known.qos if topic.qos == known.qos else known.qos + topic.qos
        topics[topic.name] = BagTopic(
            topic.name,
            topic.type_name,
            known.count + topic.count,
            qos,
            known.type_hash or topic.type_hash,
            known.definition or topic.definition,
        )
    return topics


def _topic_from_rosbags(connection: Any) -> BagTopic:
    qos = tuple(qos_from_rosbags(item) for item in connection.ext.offered_qos_profiles)
    return BagTopic(
        connection.topic, connection.msgtype, connection.msgcount, qos, connection.digest or "", connection.msgdef.data
    )
