"""Fetching the zoo's files: downloads that go on where they stopped, and are used only when they are whole."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

import yaml

from mobinet.errors import ModelError
from mobinet.models.zoo import FileState, ZooEntry, file_state, models_folder, sha256_of

Progress: TypeAlias = Callable[[int, int], None]

_ATTEMPTS = 3
_TIMEOUT_S = 30.0
_BLOCK_BYTES = 1 << 16
_RANGE_NOT_SATISFIABLE = 416


def pull(entry: ZooEntry, progress: Progress | None = None) -> Path:
    """Fetches an entry's file into the models folder, unless it is there and whole.

    What was received of an interrupted download stays in ``NAME.onnx.part``; the next call continues it. The file
    gets its name only after its hash was checked.

    Args:
        progress: called with the bytes so far and in all.

    Raises:
        ModelError: no connection, a refusal, a download that keeps breaking, or other bytes than expected.
    """
    target = models_folder() / entry.file_name
    if file_state(entry) is not FileState.GOOD:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            with _exclusive(part) as file:
                _receive(entry, file, progress or _ignore)
                _check(entry, part)
                part.replace(target)
        except OSError as error:
            raise ModelError(
                f"{target}: cannot be written ({error.strerror or error}): free the disk, or set MOBINET_MODELS"
            ) from error
    if entry.sidecar:
        target.with_suffix(".yaml").write_text(yaml.safe_dump(dict(entry.sidecar), sort_keys=False), encoding="utf-8")
    return target


@contextlib.contextmanager
def _exclusive(part: Path) -> Iterator[BinaryIO]:
    """The unfinished file, open at its end, for one process at a time."""
    with part.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ModelError(f"{part}: another process is fetching it; wait for it to finish") from error
        try:
            yield file
        finally:
            if file.tell() == 0:
                part.unlink(missing_ok=True)


def _receive(entry: ZooEntry, file: BinaryIO, progress: Progress) -> None:
    """Fills ``file`` up to the entry's size; a connection that breaks is taken up again as long as bytes come."""
    if file.tell() > entry.size:
        _restart(file)
    attempts, furthest = _ATTEMPTS, file.tell()
    while file.tell() < entry.size:
        reason = _receive_some(entry, file, progress)
        # Only what was never reached before counts: a server may begin again each time and break at the same byte.
        attempts = _ATTEMPTS if file.tell() > furthest else attempts - 1
        furthest = max(furthest, file.tell())
        if attempts == 0:
            raise ModelError(
                f"{entry.url}: the download stopped after {file.tell()} of {entry.size} bytes ({reason}); "
                f"run 'mobinet models pull {entry.name}' again to continue it"
            )


def _receive_some(entry: ZooEntry, file: BinaryIO, progress: Progress) -> str:
    """One request for what is missing; returns why it ended early, if it did."""
    start = file.tell()
    headers = {"User-Agent": "mobinet"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(entry.url, headers=headers), timeout=_TIMEOUT_S) as answer:
            if start and not _continues(answer, start):
                _restart(file)
            while block := answer.read(min(_BLOCK_BYTES, entry.size - file.tell())):
                file.write(block)
                progress(file.tell(), entry.size)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_NOT_SATISFIABLE:
            _restart(file)
            raise ModelError(
                f"{entry.url}: expected {entry.size} bytes, the file there ends at {start} or before; it is another "
                "one: update mobinet or report it"
            ) from error
        raise ModelError(
            f"{entry.url}: the server answered {error.code} {error.reason}; the file may have moved, look at "
            f"{entry.project} and put it at {models_folder() / entry.file_name}"
        ) from error
    except (http.client.HTTPException, ConnectionError, TimeoutError) as error:
        return str(error) or type(error).__name__
    except urllib.error.URLError as error:
        raise ModelError(
            f"{entry.url}: no connection ({error.reason}); connect this machine, set https_proxy, or copy the file "
            f"from another one to {models_folder() / entry.file_name}"
        ) from error
    return "the server closed the connection"


def _continues(answer: http.client.HTTPResponse, start: int) -> bool:
    """Whether an answer holds the bytes from ``start``; servers may ignore the request and send all."""
    return answer.status == http.client.PARTIAL_CONTENT and answer.headers.get("Content-Range", "").startswith(
        f"bytes {start}-"
    )


def _check(entry: ZooEntry, part: Path) -> None:
    found = sha256_of(part)
    if found != entry.sha256:
        part.unlink()
        raise ModelError(
            f"{entry.url}: expected {entry.size} bytes with sha256 {entry.sha256}, got {found}; the file there is "
            "another one: nothing was kept, update mobinet or report it"
        )


def _restart(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


def _ignore(_received: int, _total: int) -> None:
    """No progress is shown."""
