"""Trackers of one object that OpenCV offers, image by image.

TrackerNano is in every OpenCV and gets its two networks from a folder. CSRT and KCF are in ``opencv-contrib`` alone,
which cannot be in one environment with the ``opencv-python-headless`` of this package: they run in a Python of their
own. This file is both sides: imported by a benchmark it hands images over and takes boxes; run by the other Python it
follows the object. All with their default parameters, one thread; only the time within the tracker is counted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import cv2
import numpy as np

PACKAGE = "opencv-contrib-python-headless<5"
FOLDER = Path(__file__).resolve().parents[2] / "build" / "peers" / "opencv-contrib"
HOW = f"the Python of an environment with {PACKAGE} for CSRT and KCF; 'auto' makes one under build/ and keeps it"
CONTRIB = ("CSRT", "KCF")


class Followed(NamedTuple):
    """``box``: xywh pixels, ``None`` when the tracker says that it lost the object; ``cpu_s``: processor time."""

    box: tuple[float, float, float, float] | None
    cpu_s: float


class OpenCvTracker:
    """A tracker of this process's OpenCV.

    Args:
        tracker: a new one of ``cv2``.
    """

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def start(self, image: np.ndarray, box: tuple[int, int, int, int]) -> None:
        self._tracker.init(image, box)

    def update(self, image: np.ndarray) -> Followed:
        begin = time.process_time()
        try:
            found, (x, y, width, height) = self._tracker.update(image)
        except cv2.error:
            # KCF and CSRT ask for pixels beyond the image when their box leaves it
            found, (x, y, width, height) = False, (0, 0, 0, 0)
        cpu_s = time.process_time() - begin
        has_box = found and width > 0 and height > 0
        return Followed((float(x), float(y), float(width), float(height)) if has_box else None, cpu_s)


def nano(networks: Path) -> OpenCvTracker:
    """``cv2.TrackerNano`` with the networks of a folder, ``*backbone*.onnx`` and ``*head*.onnx``."""
    parameters = cv2.TrackerNano_Params()
    parameters.backbone, parameters.neckhead = (
        str(next(networks.glob(f"*{part}*.onnx"))) for part in ("backbone", "head")
    )
    return OpenCvTracker(cv2.TrackerNano_create(parameters))


class RemoteTracker:
    """A tracker of the other Python's OpenCV, with the methods of ``OpenCvTracker``."""

    def __init__(self, python: Path, name: str) -> None:
        self._process = subprocess.Popen([str(python), __file__, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def start(self, image: np.ndarray, box: tuple[int, int, int, int]) -> None:
        self._ask(image, box)

    def update(self, image: np.ndarray) -> Followed:
        box, cpu_s = self._ask(image, None)
        return Followed(tuple(box) if box else None, cpu_s)

    def __enter__(self) -> RemoteTracker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.stdin is not None and self._process.stdout is not None:
            self._process.stdin.close()
            self._process.stdout.close()
        self._process.wait()

    def _ask(self, image: np.ndarray, box: tuple[int, int, int, int] | None) -> Any:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the tracker's process has no pipes")
        self._process.stdin.write(json.dumps([image.shape, box]).encode() + b"\n")
        self._process.stdin.write(np.ascontiguousarray(image))
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the tracker's process ended; its error is above")
        return json.loads(line)


@contextmanager
def interpreter(python: str) -> Iterator[Path | None]:
    """The Python of CSRT and KCF, ``None`` for none; ``auto`` makes an environment if there is none yet."""
    if python != "auto":
        yield Path(python) if python else None
        return
    found = FOLDER / "bin" / "python"
    probe = [str(found), "-c", "import cv2; cv2.TrackerCSRT_create"]
    if not found.exists() or subprocess.run(probe, check=False, stderr=subprocess.DEVNULL).returncode:
        print(f"installing {PACKAGE} into {FOLDER}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        subprocess.run([str(found), "-m", "pip", "install", "--quiet", PACKAGE], check=True, stderr=subprocess.DEVNULL)
    yield found


def main() -> int:
    os.environ["OMP_NUM_THREADS"] = "1"
    cv2.setNumThreads(1)
    make = {"CSRT": cv2.TrackerCSRT_create, "KCF": cv2.TrackerKCF_create}[sys.argv[1]]
    tracker: OpenCvTracker | None = None
    while line := sys.stdin.buffer.readline():
        shape, box = json.loads(line)
        image = np.frombuffer(sys.stdin.buffer.read(int(np.prod(shape))), np.uint8).reshape(shape)
        answer = Followed(None, 0.0)
        if box is not None:
            tracker = OpenCvTracker(make())
            tracker.start(image, tuple(box))
        elif tracker is not None:
            answer = tracker.update(image)
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
