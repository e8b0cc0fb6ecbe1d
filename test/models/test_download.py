"""Downloads, against a server on this machine that can misbehave."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from mobinet.errors import ModelError
from mobinet.models.download import pull
from mobinet.models.zoo import ZooEntry

CONTENT = bytes(range(256)) * 2000


@dataclass
class Server:
    """What the server does, and what it was asked."""

    port: int = 0
    content: bytes = CONTENT
    ranges: bool = True
    cut_after: int | None = None
    cuts: int = 0
    status: int = 200
    asked: list[str] = field(default_factory=list)


def handler_of(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            server.asked.append(asked)
            if server.status != 200:
                self.send_error(server.status)
                return
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and server.ranges else 0
            if start >= len(server.content):
                self.send_error(416)
                return
            body = server.content[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if server.cuts > 0:
                server.cuts -= 1
                body = body[: server.cut_after]
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(state)) as running:
        state.port = running.server_address[1]
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield state
        running.shutdown()
        thread.join()


@pytest.fixture
def entry(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ZooEntry:
    monkeypatch.setenv("MOBINET_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return ZooEntry(
        name="net",
        task="detection",
        licence="MIT",
        project="https://example.org",
        url=f"http://127.0.0.1:{server.port}/net.onnx",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        figures="none",
        sidecar={"head": "yolox", "class_names": ["person"]},
    )


def part_of(entry: ZooEntry, tmp_path: Path, content: bytes) -> Path:
    """What an earlier download left."""
    part = tmp_path / "models" / f"{entry.name}.onnx.part"
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(content)
    return part


def test_fetches_once(entry, server, tmp_path):
    shown: list[tuple[int, int]] = []
    path = pull(entry, lambda received, total: shown.append((received, total)))
    assert path == tmp_path / "models" / "net.onnx"
    assert path.read_bytes() == CONTENT
    assert path.with_suffix(".yaml").read_text() == "head: yolox\nclass_names:\n- person\n"
    assert shown[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(p.name for p in path.parent.iterdir()) == ["net.onnx", "net.yaml"]
    # it is there and whole: nothing is asked
    assert pull(entry) == path
    assert server.asked == [""]


def test_continues_what_an_earlier_run_left(entry, server, tmp_path):
    part_of(entry, tmp_path, CONTENT[:1000])
    assert pull(entry).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-"]


def test_continues_after_the_connection_broke(entry, server):
    # two breaks in one run
    server.cut_after, server.cuts = 100_000, 2
    assert pull(entry).read_bytes() == CONTENT
    assert server.asked == ["", "bytes=100000-", "bytes=200000-"]


def test_gives_up_when_nothing_comes_and_continues_next_time(entry, server, tmp_path):
    server.cut_after, server.cuts = 0, 3
    part = part_of(entry, tmp_path, CONTENT[:1000])
    with pytest.raises(ModelError, match=f"after 1000 of {len(CONTENT)} bytes.*pull net' again"):
        pull(entry)
    assert part.read_bytes() == CONTENT[:1000]
    assert not part.with_suffix("").exists()
    assert pull(entry).read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(entry, server, tmp_path):
    # it sends everything: appending that would damage the file
    server.ranges = False
    part_of(entry, tmp_path, CONTENT[:1000])
    assert pull(entry).read_bytes() == CONTENT


def test_a_server_that_begins_again_and_breaks_at_the_same_byte(entry, server):
    server.ranges, server.cut_after, server.cuts = False, 1000, 1000
    with pytest.raises(ModelError, match="after 1000 of"):
        pull(entry)
    assert len(server.asked) == 4


@pytest.mark.parametrize("left", [CONTENT + b"more", b"x" * 1000])
def test_a_leftover_of_something_else(entry, tmp_path, left):
    # too long: thrown away at once; of the right length so far: found out by the hash, then fetched anew
    part = part_of(entry, tmp_path, left)
    if len(left) < len(CONTENT):
        with pytest.raises(ModelError, match="sha256"):
            pull(entry)
        assert not part.exists()
    assert pull(entry).read_bytes() == CONTENT


def test_wrong_bytes_are_not_kept(entry, server, tmp_path):
    server.content = b"y" * len(CONTENT)
    with pytest.raises(ModelError, match=f"sha256 {entry.sha256}, got"):
        pull(entry)
    assert list((tmp_path / "models").iterdir()) == []


def test_a_shorter_file_on_the_server(entry, server, tmp_path):
    server.content = CONTENT[:5000]
    with pytest.raises(ModelError, match=r"expected \d+ bytes, the file there ends at 5000"):
        pull(entry)
    assert not (tmp_path / "models" / "net.onnx").exists()


def test_a_longer_file_on_the_server(entry, server):
    # no more than the expected bytes are taken; here these are right
    server.content = CONTENT + b"more" * 100_000
    assert pull(entry).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [404, 403, 500])
def test_a_refusal(entry, server, tmp_path, status):
    server.status = status
    with pytest.raises(ModelError, match=rf"net\.onnx: the server answered {status}.*example\.org"):
        pull(entry)
    assert list((tmp_path / "models").iterdir()) == []


def test_nobody_there(entry):
    with pytest.raises(ModelError, match=r"no connection.*copy the file"):
        pull(replace(entry, url="http://127.0.0.1:1/net.onnx"))


def test_replaces_a_damaged_file(entry, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "net.onnx").write_bytes(b"damaged")
    assert pull(entry).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_written(entry, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MOBINET_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelError, match=r"cannot be written.*MOBINET_MODELS"):
        pull(entry)


def test_two_at_once(entry, tmp_path):
    import fcntl

    with part_of(entry, tmp_path, b"").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(ModelError, match="another process is fetching it"):
            pull(entry)
