"""Opens the height and width that an ONNX file fixes for its images, where the network itself would run at any.

Siamese networks describe a small crop and search in a large one with the same backbone, but are often exported with the
large size written into the file, and ONNX Runtime refuses any other. OpenCV's importer does not look at it.

The file is a protocol buffer; of it, only the shapes of inputs and outputs, and what was inferred from them, change
(field numbers: ``onnx.proto3``). The package ``onnx`` would do it too, but nothing else needs it to run a network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mobinet.errors import ModelError

_MODEL_GRAPH = 7
_GRAPH_INPUT, _GRAPH_OUTPUT, _GRAPH_INFERRED = 11, 12, 13
_VALUE_TYPE = 2
_TYPE_TENSOR = 1
_TENSOR_SHAPE = 2
_SHAPE_SIZE = 1
_SIZE_NAME = 2

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_IMAGE_RANK = 4


def open_sizes(model: bytes) -> bytes:
    """The same network, with open height and width of all inputs and outputs of four dimensions.

    Raises:
        ModelError: these bytes are no ONNX file.
    """
    try:
        return _map_fields(model, {_MODEL_GRAPH: _open_graph})
    except IndexError as error:
        raise ModelError("the file ends in the middle of a field: expected a network in ONNX format") from error


def _open_graph(graph: bytes) -> bytes:
    return _map_fields(graph, {_GRAPH_INPUT: _open_value, _GRAPH_OUTPUT: _open_value, _GRAPH_INFERRED: _drop})


def _open_value(value: bytes) -> bytes:
    return _map_fields(value, {_VALUE_TYPE: _open_type})


def _open_type(kind: bytes) -> bytes:
    return _map_fields(kind, {_TYPE_TENSOR: _open_tensor})


def _open_tensor(tensor: bytes) -> bytes:
    return _map_fields(tensor, {_TENSOR_SHAPE: _open_shape})


def _open_shape(shape: bytes) -> bytes:
    sizes = [content for number, _, content in _fields(shape) if number == _SHAPE_SIZE]
    if len(sizes) != _IMAGE_RANK:
        return shape
    opened = [*sizes[:2], _named("height"), _named("width")]
    return b"".join(_field(_SHAPE_SIZE, content) for content in opened)


def _named(name: str) -> bytes:
    return _field(_SIZE_NAME, name.encode())


def _drop(_content: bytes) -> None:
    return None


def _map_fields(message: bytes, changes: dict[int, Callable[[bytes], bytes | None]]) -> bytes:
    """The message with the content of some of its fields changed, or left out for ``None``."""
    parts = []
    for number, whole, content in _fields(message):
        if number not in changes:
            parts.append(whole)
        elif (changed := changes[number](content)) is not None:
            parts.append(_field(number, changed))
    return b"".join(parts)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, whole bytes and content of each field; raises IndexError where the message ends too early."""
    position = 0
    while position < len(message):
        start = position
        key, position = _read_varint(message, position)
        number, wire = key >> 3, key & 7
        begin = position
        if wire == _VARINT:
            _, position = _read_varint(message, position)
        elif wire == _BYTES:
            length, begin = _read_varint(message, position)
            position = begin + length
        elif wire in (_FIXED64, _FIXED32):
            position += 8 if wire == _FIXED64 else 4
        else:
            raise IndexError(f"wire type {wire}")
        if position > len(message):
            raise IndexError("field beyond the end")
        yield number, message[start:position], message[begin:position]


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(content)) + content


def _read_varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
