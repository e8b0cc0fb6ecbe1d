"""Opens bags: which files they have, what is known of their topics, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import yaml

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.recordings.bag_salvage import salvage
from mobinet.recordings.bag_types import REINDEX_CURE, BagMessage, BagTopic, qos_from_rosbags

SUFFIXES = (".mcap", ".db3")


class BagPart(Protocol):
    """One readable stretch of a bag: one of its files, or a whole compressed bag."""

    topics: tuple[BagTopic, ...]
    damage: str
    """What is lost and the cure, empty when whole."""

    def messages(self, names: Collection[str], start_ns: int | None, stop_ns: int | None) -> Iterator[BagMessage]: ...

    def span_ns(self) -> tuple[int, int] | None:
        """Stamps of its first and last message, ``None`` when it has none."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class OpenedBag:
    """A bag as it was found.

    Args:
        parts: in the order of time.
        topics: of all parts.
        warning: what is wrong though nothing is lost.
        damage: what is lost of the bag as a whole.
    """

    parts: list[BagPart]
    topics: dict[str, BagTopic]
    warning: str = ""
    damage: str = ""


def open_bag(path: Path) -> OpenedBag:
    """Opens what can be read of a bag.

    Raises:
        RecordingError: there is no bag, or nothing of it can be read.
        MissingDependencyError: rosbags is not installed.
    """
    if not path.exists():
        raise RecordingError(f"bag '{path}' does not exist; expected a rosbag2 folder, an .mcap or a .db3 file")
    if path.is_file():
        parts = [_open_file(path)]
        return OpenedBag(parts, _merged_topics(parts))
    if (path / "metadata.yaml").exists():
        try:
            whole = WholeBag(path)
        except RecordingError as error:
            return _open_without_metadata(path, str(error))
        return _open_folder(path, whole)
    return _open_without_metadata(path, f"bag '{path}' has no metadata.yaml, its recorder did not end in order")


def _open_folder(path: Path, whole: WholeBag) -> OpenedBag:
    """Reads the files one by one: rosbags passes over messages silently where their topic's quality of service is not
    written alike in metadata.yaml and in the file, as in bags of rosbag2 that were converted."""
    if whole.is_compressed:
        whole.check_format()
        return OpenedBag([whole], _merged_topics([whole]))
    with whole:
        described = {topic.name: topic for topic in whole.topics}
    information = yaml.safe_load((path / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    parts = [_open_file(path / Path(name).name) for name in information["relative_file_paths"]]
    topics = _merged_topics(parts)
    for name, known in described.items():
        found = topics.get(name, replace(known, count=0))
        topics[name] = replace(found, qos=found.qos or known.qos, type_hash=found.type_hash or known.type_hash)
    counted, promised = sum(topic.count for topic in topics.values()), sum(topic.count for topic in described.values())
    lacks = counted < promised and not any(part.damage for part in parts)
    damage = f"it holds {counted} of the {promised} messages that its metadata.yaml promises; copy it again"
    return OpenedBag(parts, topics, damage=damage if lacks else "")


def _open_without_metadata(path: Path, why: str) -> OpenedBag:
    files = sorted(
        (file for file in path.iterdir() if file.suffix in SUFFIXES), key=lambda file: (len(file.name), file)
    )
    if not files:
        raise RecordingError(f"{why}; no .mcap or .db3 file is in it to read")
    parts = [_open_file(file) for file in files]
    return OpenedBag(parts, _merged_topics(parts), warning=f"{why}; {REINDEX_CURE} '{path}'")


def _open_file(path: Path) -> BagPart:
    if path.suffix not in SUFFIXES:
        raise RecordingError(f"'{path}' is no bag; expected a rosbag2 folder, an .mcap or a .db3 file")
    if path.stat().st_size == 0:
        raise RecordingError(
            f"bag '{path}' is empty (0 bytes): nothing was recorded or copied; copy or record it again"
        )
    try:
        part = WholeBag(path)
    except RecordingError as error:
        return salvage(path, str(error))
    part.check_format()
    return part


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
        except Exception as error:  # a foreign parser fails on damaged bytes in every way: struct, unicode, zstd, ...
            raise RecordingError(f"bag '{path}' cannot be read: {error}") from error
        self.topics = tuple(_topic_from_rosbags(connection) for connection in self._reader.connections)

    @property
    def is_compressed(self) -> bool:
        """Whether files or messages are compressed, so that only the folder as a whole can be read."""
        return bool(self._reader.compression_mode)

    def check_format(self) -> None:
        """Closes the bag and raises RecordingError when messages are not serialised in CDR."""
        for connection in self._reader.connections:
            kind = connection.ext.serialization_format
            if kind != "cdr":
                self.close()
                raise RecordingError(
                    f"bag '{self._path}': topic '{connection.topic}' is serialised as '{kind}', expected cdr: record it"
                )

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
            except Exception as error:  # a foreign parser on damaged bytes, as above
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

    def __enter__(self) -> WholeBag:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


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
