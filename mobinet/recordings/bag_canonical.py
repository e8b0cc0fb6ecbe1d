"""One message, one sequence of bytes: CDR whose padding is zero.

Middlewares leave in the padding between fields what was in their memory before, so the same message differs from run to
run. Its values are not touched.
"""

from __future__ import annotations

from typing import Any

from mobinet.errors import MissingDependencyError, RecordingError


class CanonicalCdr:
    """Writes serialised messages anew.

    Raises:
        MissingDependencyError: rosbags is not installed.
    """

    def __init__(self) -> None:
        try:
            from rosbags.typesys import Stores, get_typestore
        except ImportError as error:
            raise MissingDependencyError("rosbags", "writing a bag") from error
        self._store: Any = get_typestore(Stores.EMPTY)

    def add_type(self, type_name: str, definition: str) -> None:
        """Announces a type; needed before its first message.

        Args:
            type_name: e.g. ``sensor_msgs/msg/Image``.
            definition: text of the message definition with all that it contains.

        Raises:
            RecordingError: a definition that cannot be read.
        """
        from rosbags.typesys import get_types_from_msg

        try:
            types = get_types_from_msg(definition, type_name)
            self._store.register({name: types[name] for name in types if name not in self._store.fielddefs})
        except Exception as error:  # of a foreign parser, whose errors have no common root
            raise RecordingError(f"the definition of '{type_name}' cannot be read: {error}; correct it") from error

    def rewrite(self, type_name: str, cdr: bytes) -> bytes:
        """The same message, little endian, with zeros where nothing is."""
        return bytes(self._store.serialize_cdr(self._store.deserialize_cdr(cdr, type_name), type_name))
