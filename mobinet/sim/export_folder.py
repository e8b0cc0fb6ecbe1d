"""A folder that is whole or not there, and the files in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mobinet.errors import RecordingError
from mobinet.types import Image

JPEG_QUALITY = 92


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder that gets the name ``out`` when the block ends well, and vanishes otherwise.

    Raises:
        RecordingError: ``out`` is there already, or something cannot be written.
    """
    if out.exists():
        raise RecordingError(f"'{out}' is there already; remove it or choose another folder")
    folder = out.with_name(f".{out.name}.partial")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        yield folder
        folder.rename(out)
    except RecordingError:
        raise
    except OSError as error:
        raise RecordingError(
            f"'{out}' cannot be written: {error.strerror or error}; check the folder, its rights and the free space"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_image(path: Path, image: Image | NDArray[np.uint16]) -> None:
    """Writes an image in the format that the path's ending names; the same image gives the same bytes."""
    path.write_bytes(image_bytes(image, path.suffix))


def image_bytes(image: Image | NDArray[np.uint16], suffix: str = ".jpg") -> bytes:
    """An encoded image; ``.jpg`` of quality 92."""
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    _, data = cv2.imencode(suffix, image, options)
    return bytes(np.asarray(data, np.uint8))


def write_json(path: Path, content: Any) -> None:
    """Writes plain data as one line of JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
