"""A headless Chromium that takes pictures of a page, driven over its DevTools pipe."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def find_chromium() -> str | None:
    """A Chromium that may use our temporary folder: one in a snap, or the script that stands for it, may not."""
    for name in ("chromium", "google-chrome", "chromium-browser"):
        path = shutil.which(name)
        if path is None or "/snap/" in str(Path(path).resolve()):
            continue
        with Path(path).open("rb") as file:
            if b"/snap/" not in file.read(4096):
                return path
    return None


CHROMIUM = find_chromium()

_FLAGS = [
    "--headless",
    "--no-sandbox",
    # WebGL without a graphics card
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
]


class Browser:
    """One page of one browser; use as a context manager."""

    def __init__(self, profile: Path, width: int = 1600, height: int = 900) -> None:
        assert CHROMIUM is not None
        command_read, self._write = os.pipe()
        self._read, reply_write = os.pipe()
        # Chromium reads commands from descriptor 3 and answers on 4, wherever the pipes happen to be here
        script = f'exec "$@" 3<&{command_read} 4>&{reply_write}'
        flags = [*_FLAGS, f"--window-size={width},{height}", f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", CHROMIUM, *flags],
            pass_fds=(command_read, reply_write),
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(command_read)
        os.close(reply_write)
        self._buffer = b""
        self._count = 0
        self.console: list[str] = []
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self._session = self._call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", size)

    def open(self, url: str) -> None:
        """Returns when the page is loaded; what it then does with its data takes longer."""
        self._call("Page.navigate", {"url": url})
        deadline = time.monotonic() + 60
        while self._receive(deadline).get("method") != "Page.loadEventFired":
            pass

    def picture(self) -> np.ndarray:
        """``(H, W, 3)`` BGR of what the page shows now."""
        data = base64.b64decode(self._call("Page.captureScreenshot", {"format": "png"})["data"])
        return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)

    def close(self) -> None:
        os.close(self._write)
        os.close(self._read)
        self._process.terminate()
        self._process.wait(10)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _call(self, method: str, parameters: dict[str, Any] | None = None, timeout_s: float = 60) -> dict[str, Any]:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters or {}}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout_s
        while True:
            reply = self._receive(deadline)
            if reply.get("id") == self._count:
                assert "error" not in reply, f"{method}: {reply['error']}"
                return reply["result"]
            if reply.get("method") in ("Runtime.consoleAPICalled", "Log.entryAdded", "Runtime.exceptionThrown"):
                self.console.append(json.dumps(reply["params"]))

    def _receive(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "the browser ended"
            self._buffer += chunk
        message, self._buffer = self._buffer.split(b"\0", 1)
        return json.loads(message)
