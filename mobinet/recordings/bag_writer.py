"""Writes bags that `ros2 bag` reads."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.recordings.bag_types import TopicQos, qos_to_rosbags

# rosbag2's own since Jazzy
METADATA_VERSION = 9
COMMIT_PERIOD_S = 1.0


class BagWriter:
    """Writes serialised messages to a rosbag2 folder.

    Until it is closed the bag grows in ``NAME.partial/NAME`` without metadata.yaml, and only then takes its name: a
    recording that was cut off never looks whole, but can be read.

    Args:
        path: folder to make.
        storage: ``mcap`` or ``sqlite3``.
        keep_partial: whether what was written stays when the recording is cut off; it can be removed where it can
            be made again.

    Raises:
        RecordingError: the folder exists, or cannot be made.
        MissingDependencyError: rosbags is not installed.
    """

    def __init__(self, path: str | Path, storage: str = "mcap", *, keep_partial: bool = True) -> None:
        self.path = Path(path).expanduser()
        self._keep_partial = keep_partial
        self._partial = self.path.with_name(f"{self.path.name}.partial")
        self.message_count = 0
        self.byte_count = 0
        self._connections: dict[str, Any] = {}
        self._storage = storage
        self._committed_s = time.monotonic()
        self._writer: Any = None
        self._writer = self._open()

    def add_topic(
        self,
        name: str,
        type_name: str,
        definition: str | None = None,
        type_hash: str = "",
        qos: Sequence[TopicQos] = (),
    ) -> None:
        """Announces a topic; needed before its first message.

        Args:
            name: with its namespace.
            type_name: e.g. ``sensor_msgs/msg/Image``.
            definition: text of the message definition with all that it contains; ``None`` for a standard message.
            type_hash: ``RIHS01_...``; made from the definition when empty.
            qos: what each publisher offers.

        Raises:
            RecordingError: the topic was added before, the message is no standard one and has no definition, or a
                definition that cannot be read.
        """
        if name in self._connections:
            raise RecordingError(f"topic '{name}' is in the bag already; add it once")
        if not (definition and type_hash):
            definition, type_hash = _completed(type_name, definition)
        with self._full_disk_named():
            self._connections[name] = self._writer.add_connection(
                name,
                type_name,
                msgdef=definition,
                rihs01=type_hash,
                offered_qos_profiles=[qos_to_rosbags(item) for item in qos],
            )

    def write(self, topic: str, stamp_ns: int, cdr: bytes) -> None:
        """Appends a message.

        Args:
            topic: one that was added.
            stamp_ns: when it was received.
            cdr: serialised in CDR with its encapsulation.

        Raises:
            RecordingError: unknown topic, negative stamp, or the disk is full.
        """
        connection = self._connections.get(topic)
        if connection is None:
            raise RecordingError(f"topic '{topic}' is not in the bag: call add_topic before its first message")
        if stamp_ns < 0:
            raise RecordingError(f"topic '{topic}': expected a stamp of 0 ns or later, got {stamp_ns}")
        with self._full_disk_named():
            self._writer.write(connection, stamp_ns, cdr)
            self._commit()
        self.message_count += 1
        self.byte_count += len(cdr)

    def close(self) -> None:
        """Ends the bag and gives it its name; does nothing when called again.

        Raises:
            RecordingError: the disk is full, or the name was taken meanwhile.
        """
        if self._writer is None:
            return
        with self._full_disk_named():
            self._writer.close()
            self._writer = None
            if self.path.exists():
                raise RecordingError(
                    f"'{self.path}' appeared while recording; the bag is in '{self._partial}': move it"
                )
            (self._partial / self.path.name).rename(self.path)
            self._partial.rmdir()

    def abort(self) -> None:
        """Leaves what was written in ``NAME.partial``, or removes it."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        # the disk may be full: closing then fails as writing did, and there is nothing left to save
        with contextlib.suppress(OSError, sqlite3.Error):
            writer.abort()
        if not self._keep_partial:
            shutil.rmtree(self._partial, ignore_errors=True)

    def _open(self) -> Any:
        try:
            from rosbags.rosbag2 import StoragePlugin, Writer
        except ImportError as error:
            raise MissingDependencyError("rosbags", "writing a bag") from error
        plugins = {"mcap": StoragePlugin.MCAP, "sqlite3": StoragePlugin.SQLITE3}
        if self._storage not in plugins:
            raise RecordingError(f"storage '{self._storage}' is unknown; expected mcap or sqlite3")
        if self.path.exists():
            raise RecordingError(f"'{self.path}' exists; choose another name or remove it: bags are never overwritten")
        if self._partial.exists():
            raise RecordingError(
                f"'{self._partial}' was left by a recording that was cut off; move or remove it, or choose another name"
            )
        with self._full_disk_named():
            self._partial.mkdir(parents=True)
            writer = Writer(
                self._partial / self.path.name, version=METADATA_VERSION, storage_plugin=plugins[self._storage]
            )
            writer.open()
        return writer

    def _commit(self) -> None:
        """Bounds what a crash loses; rosbags leaves all messages of a sqlite3 bag in one open transaction."""
        if self._storage != "sqlite3" or time.monotonic() - self._committed_s < COMMIT_PERIOD_S:
            return
        self._writer.storage.conn.commit()
        self._committed_s = time.monotonic()

    @contextlib.contextmanager
    def _full_disk_named(self) -> Iterator[None]:
        try:
            yield
        except RecordingError:
            raise
        except (OSError, sqlite3.Error) as error:
            self.abort()
            left = (
                f"{self.message_count} messages were taken, what reached the disk is in '{self._partial}'"
                if self._keep_partial
                else "Nothing of it is left"
            )
            raise RecordingError(
                f"bag '{self.path}' cannot be written: {error}; make room on the disk or record elsewhere. {left}"
            ) from error

    def __enter__(self) -> BagWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()


def _completed(type_name: str, definition: str | None) -> tuple[str, str]:
    """Definition and type hash, from the definition or else of a standard message; raises RecordingError."""
    from rosbags.typesys import Stores, get_types_from_msg, get_typestore

    store = get_typestore(Stores.LATEST)
    if not definition and type_name not in store.fielddefs:
        raise RecordingError(
            f"'{type_name}' is no standard message: give its definition to add_topic, so that others can read the bag"
        )
    try:
        if definition:
            types = get_types_from_msg(definition, type_name)
            store.register({name: types[name] for name in types if name not in store.fielddefs})
        text = definition or store.generate_msgdef(type_name, ros_version=2)[0]
        return text, str(store.hash_rihs01(type_name))
    except Exception as error:  # of a foreign parser, whose errors have no common root
        raise RecordingError(f"the definition of '{type_name}' cannot be read: {error}; correct it") from error
