"""Reads what is left of a damaged bag file: everything before the place where it breaks off."""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.recordings.bag_types import RECOVER_CURE, SQLITE_CURE, BagMessage, BagTopic

Scan = Callable[[Path], Iterator[BagTopic | BagMessage]]


def salvage(path: Path, why: str) -> SalvagedFile:
    """The messages that can still be read.

    Args:
        path: ``.mcap`` or ``.db3`` file.
        why: why it cannot be opened as a whole.

    Raises:
        RecordingError: nothing can be read.
    """
    if path.suffix == ".mcap":
        return SalvagedFile(path, _scan_mcap, why, RECOVER_CURE)
    return SalvagedFile(path, _scan_sqlite, why, SQLITE_CURE)


class SalvagedFile:
    """A part of a bag that is read from its start, in the order of the file, up to the damage.

    Args:
        path: of the file.
        scan: yields its topics and messages and stops at the damage.
        why: why it cannot be opened as a whole.
        cure: what to do about it.
    """

    def __init__(self, path: Path, scan: Scan, why: str, cure: str) -> None:
        self._path = path
        self._scan = scan
        topics: dict[str, BagTopic] = {}
        counts: Counter[str] = Counter()
        first_ns, last_ns = 2**63, -1
        for item in scan(path):
            if isinstance(item, BagTopic):
                topics[item.name] = item
            else:
                counts[item.topic] += 1
                first_ns, last_ns = min(first_ns, item.stamp_ns), max(last_ns, item.stamp_ns)
        if not counts:
            raise RecordingError(f"{why}; no message of it can be read: copy or record it again")
        self._span_ns = (first_ns, last_ns)
        self.topics = tuple(
            BagTopic(topic.name, topic.type_name, counts[topic.name], topic.qos, topic.type_hash, topic.definition)
            for topic in topics.values()
        )
        self.damage = f"{why}; {counts.total()} messages before the damage can be read; {cure}"

    def messages(self, names: Collection[str], start_ns: int | None, stop_ns: int | None) -> Iterator[BagMessage]:
        for item in self._scan(self._path):
            if (
                isinstance(item, BagMessage)
                and item.topic in names
                and (start_ns is None or item.stamp_ns >= start_ns)
                and (stop_ns is None or item.stamp_ns < stop_ns)
            ):
                yield item

    def span_ns(self) -> tuple[int, int]:
        return self._span_ns

    def close(self) -> None:
        """The file is open only while it is read."""


def _scan_mcap(path: Path) -> Iterator[BagTopic | BagMessage]:
    records = _mcap_records(path)
    schemas: dict[int, Any] = {}
    topics: dict[int, BagTopic] = {}
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except MissingDependencyError:
            raise
        except Exception:  # the damage: where the file breaks off, parsing fails in every way there is
            return
        kind = type(record).__name__
        if kind == "Schema":
            schemas[record.id] = record
        elif kind == "Channel" and record.id not in topics:
            schema = schemas.get(record.schema_id)
            qos = _qos_from_yaml(record.metadata.get("offered_qos_profiles", ""))
            definition = schema.data.decode() if schema else ""
            topics[record.id] = BagTopic(record.topic, schema.name if schema else "", 0, qos, "", definition)
            yield topics[record.id]
        elif kind == "Message" and record.channel_id in topics:
            topic = topics[record.channel_id]
            yield BagMessage(topic.name, topic.type_name, record.log_time, record.data)


def _mcap_records(path: Path) -> Iterator[Any]:
    """Schemas, channels and messages in the order of the file."""
    try:
        from mcap.records import Chunk
        from mcap.stream_reader import StreamReader, breakup_chunk
    except ImportError as error:
        raise MissingDependencyError("mcap", "reading a damaged bag") from error
    with path.open("rb") as stream:
        for record in StreamReader(stream, emit_chunks=True).records:
            if not isinstance(record, Chunk):
                yield record
                continue
            if record.compression == "zstd":
                record.data, record.compression = _zstd_decompress(record.data), ""
            yield from breakup_chunk(record, validate_crc=True)


def _zstd_decompress(data: bytes) -> bytes:
    # the module that rosbags brings; mcap alone would want yet another
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return bytes(zstd.decompress(data))


def _scan_sqlite(path: Path) -> Iterator[BagTopic | BagMessage]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        try:
            # else sqlite refuses a file that is shorter than its header says
            database.execute("PRAGMA writable_schema=ON")
            columns = {row[1] for row in database.execute("PRAGMA table_info(topics)")}
            hash_column = "type_description_hash" if "type_description_hash" in columns else "''"
            qos_column = "offered_qos_profiles" if "offered_qos_profiles" in columns else "''"
            topics = {
                number: BagTopic(name, type_name, 0, _qos_from_yaml(qos), type_hash)
                for number, name, type_name, qos, type_hash in database.execute(
                    f"SELECT id, name, type, {qos_column}, {hash_column} FROM topics"
                )
            }
            yield from topics.values()
            # in the order of the table, not by stamp: the index may be in the part that is lost
            for number, stamp_ns, cdr in database.execute("SELECT topic_id, timestamp, data FROM messages"):
                if number in topics:
                    yield BagMessage(topics[number].name, topics[number].type_name, stamp_ns, cdr)
        except sqlite3.DatabaseError:
            return


def _qos_from_yaml(text: str) -> tuple[Any, ...]:
    from rosbags.rosbag2.metadata import parse_qos

    from mobinet.recordings.bag_types import qos_from_rosbags

    return tuple(qos_from_rosbags(item) for item in parse_qos(text))
