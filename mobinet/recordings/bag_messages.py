"""Messages of a bag as objects with the fields of their definition, without ROS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mobinet.errors import MissingDependencyError, RecordingError
from mobinet.recordings.bag_types import BagMessage, BagTopic
from mobinet.recordings.bags import BagReader


class MessageDecoder:
    """Decodes messages by the definitions that the bag carries.

    Args:
        topics: of the bag, by name.

    Raises:
        MissingDependencyError: rosbags is not installed.
    """

    def __init__(self, topics: Mapping[str, BagTopic]) -> None:
        try:
            from rosbags.typesys import Stores, get_typestore
        except ImportError as error:
            raise MissingDependencyError("rosbags", "reading a bag") from error
        self._topics = topics
        self._stores: dict[str, Any] = {}
        self._make_store: Callable[[], Any] = lambda: get_typestore(Stores.LATEST)

    def decode(self, message: BagMessage) -> Any:
        """The message, with attributes named as its fields; stamps have ``sec`` and ``nanosec``.

        Raises:
            RecordingError: the bag does not tell the type's definition, or the bytes do not fit it.
        """
        store = self._store(message)
        try:
            return store.deserialize_cdr(message.cdr, message.type_name)
        except Exception as error:  # a foreign parser fails on damaged bytes in every way: struct, unicode, index, ...
            raise RecordingError(
                f"a message of '{message.topic}' at {message.stamp_ns} ns is no {message.type_name}: {error}; the bag "
                "is damaged or was written with another version of the message"
            ) from error

    def _store(self, message: BagMessage) -> Any:
        """A store of types for each type of message: two packages may carry different versions of a third one."""
        kind = message.type_name
        if kind not in self._stores:
            store = self._make_store()
            definition = self._topics[message.topic].definition
            if definition:
                _register(store, definition, kind)
            if kind not in store.fielddefs:
                raise RecordingError(
                    f"topic '{message.topic}': the bag does not tell what {kind} is; record it with 'mobinet "
                    "record', or convert it to mcap where the message is installed: ros2 bag convert"
                )
            self._stores[kind] = store
        return self._stores[kind]


def read_messages(reader: BagReader, type_name: str) -> Iterator[tuple[str, int, Any]]:
    """Topic, time of receipt in nanoseconds, and decoded message of all topics of a type, in the order of the bag.

    Raises:
        RecordingError: as :meth:`MessageDecoder.decode`; or the bag is damaged, after the last message that is not.
    """
    names = [name for name, topic in reader.topics.items() if topic.type_name == type_name]
    decoder = MessageDecoder(reader.topics)
    for message in reader.messages(names) if names else ():
        yield message.topic, message.stamp_ns, decoder.decode(message)


def stamp_to_ns(stamp: Any) -> int:
    """A decoded ``builtin_interfaces/Time`` or ``Duration`` in nanoseconds."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def _register(store: Any, definition: str, type_name: str) -> None:
    from rosbags.typesys import get_types_from_msg

    try:
        types = get_types_from_msg(definition, type_name)
        # the standard types that the store has stay as they are
        store.register({name: fields for name, fields in types.items() if name not in store.fielddefs})
    except Exception as error:  # the text comes from outside; the parser raises errors of several trees
        raise RecordingError(f"the bag's definition of {type_name} cannot be read: {error}") from error
