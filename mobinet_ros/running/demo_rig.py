"""A rig for any video: three robots whose cameras are windows that move over it."""

from __future__ import annotations

from pathlib import Path

import yaml

from mobinet.errors import SettingsError
from mobinet.recordings.sources import SourceSettings, open_source

# in shares of the video's width and height: the windows overlap, and move by a part of their size
WINDOW = (0.6, 0.85)
CENTRES_X = {"r1": (0.3, 0.42), "r2": (0.5, 0.62), "r3": (0.7, 0.55)}
CENTRE_Y = (0.5, 0.55)
PERIOD_S = 30.0
CAMERA_HEIGHT_M = 3.0
CAMERA_TILT_RAD = 0.3
HORIZONTAL_FOV_DEG = 60.0


def write_video_rig(video: Path, folder: Path) -> Path:
    """Writes ``folder/rig.yaml`` and returns its path.

    Raises:
        SourceError: the video cannot be opened.
        SettingsError: it is a camera or stream, over which no window can be seeked.
    """
    settings = SourceSettings(source=str(video))
    source = open_source(settings)
    size, live = source.size, source.live
    source.close()
    if live:
        raise SettingsError(
            f"'{video}': expected a video file, got a camera or stream; run it with "
            f"MOBINET_VIDEO={video} mobinet up config/rigs/video.yaml"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rig.yaml"
    path.write_text(yaml.safe_dump(_rig(video, size), sort_keys=False))
    return path


def _rig(video: Path, size: tuple[int, int]) -> dict[str, object]:
    camera = {
        "source": str(video),
        "loop": True,
        "horizontal_fov_deg": HORIZONTAL_FOV_DEG,
        "mount": [0.0, 0.0, CAMERA_HEIGHT_M, 0.0, CAMERA_TILT_RAD, 0.0],
    }
    detector = {"model": "hog", "threads": 1}
    robots = {
        name: {"pose": [0.0] * 6, "cameras": {"front": {"window": _window(centres, size)}}}
        for name, centres in CENTRES_X.items()
    }
    return {"rig_version": 1, "defaults": {"camera": camera, "detector": detector}, "robots": robots}


def _window(centres_x: tuple[float, float], size: tuple[int, int]) -> dict[str, object]:
    width, height = size
    there, away = ([width * x, height * y, 1.0] for x, y in zip(centres_x, CENTRE_Y, strict=True))
    path = [[0.0, *there], [PERIOD_S / 2, *away], [PERIOD_S, *there]]
    return {"width": int(width * WINDOW[0]), "height": int(height * WINDOW[1]), "path": path}
