"""A small RTSP server (RFC 2326) on this machine: one stream of JPEG images over TCP (RFC 2435)."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable

import cv2

from mobinet.types import Image

PACKET_BYTES = 1400
CLOCK_HZ = 90_000
SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 26\r\na=control:track0\r\n"
)


class RtspServer:
    """Serves ``image(number)`` at a rate to one client after the other, until it is closed.

    Args:
        image: makes the images; sides must be multiples of 8.
        rate: images per second.
        port: to listen on, 0 for any.
    """

    def __init__(self, image: Callable[[int], Image], rate: float = 20.0, port: int = 0) -> None:
        self._image = image
        self._rate = rate
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), reuse_port=True)
        self._listener.settimeout(0.1)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Drops the client, as a camera that loses its power."""
        self._closing.set()
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                try:
                    if self._answer_until_play(client):
                        self._stream(client)
                except OSError:
                    continue  # the client went away

    def _answer_until_play(self, client: socket.socket) -> bool:
        with client.makefile("r", newline="\r\n") as lines:
            while request := lines.readline().split():
                headers = {}
                while line := lines.readline().strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                method, address = request[0], request[1]
                client.sendall(_response(method, address, headers["cseq"]).encode())
                if method == "PLAY":
                    return True
        return False

    def _stream(self, client: socket.socket) -> None:
        number = sequence = 0
        while not self._closing.is_set():
            for packet in _packets(self._image(number), number / self._rate, sequence):
                client.sendall(b"$\0" + struct.pack(">H", len(packet)) + packet)
                sequence += 1
            number += 1
            time.sleep(1 / self._rate)


def _response(method: str, address: str, cseq: str) -> str:
    head = f"RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n"
    if method == "OPTIONS":
        return f"{head}Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"
    if method == "DESCRIBE":
        kind = f"Content-Base: {address}/\r\nContent-Type: application/sdp\r\n"
        return f"{head}{kind}Content-Length: {len(SDP)}\r\n\r\n{SDP}"
    if method == "SETUP":
        return f"{head}Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n\r\n"
    return f"{head}Session: 1\r\n\r\n"


def _packets(image: Image, seconds: float, sequence: int) -> list[bytes]:
    """The RTP packets of one image: its quantisation tables, then its scan, in pieces."""
    tables, scan = _parts_of_jpeg(cv2.imencode(".jpg", image)[1].tobytes())
    height, width = image.shape[:2]
    packets = []
    for offset in range(0, len(scan), PACKET_BYTES):
        piece = scan[offset : offset + PACKET_BYTES]
        last = offset + len(piece) == len(scan)
        marker_and_type = (0x80 if last else 0) | 26
        timestamp = round(seconds * CLOCK_HZ) & 0xFFFFFFFF
        header = struct.pack(">BBHII", 0x80, marker_and_type, (sequence + len(packets)) & 0xFFFF, timestamp, 1)
        # type 1 is 4:2:0, quality 255 means that the tables follow
        header += struct.pack(">IBBBB", offset, 1, 255, width // 8, height // 8)
        if offset == 0:
            header += struct.pack(">BBH", 0, 0, len(tables)) + tables
        packets.append(header + piece)
    return packets


def _parts_of_jpeg(jpeg: bytes) -> tuple[bytes, bytes]:
    """Quantisation tables and entropy-coded scan."""
    tables, position = b"", 2
    while True:
        marker, length = struct.unpack_from(">HH", jpeg, position)
        body = jpeg[position + 4 : position + 2 + length]
        position += 2 + length
        if marker == 0xFFDB:
            tables += b"".join(body[start + 1 : start + 65] for start in range(0, len(body), 65))
        elif marker == 0xFFDA:
            return tables, jpeg[position:-2]
