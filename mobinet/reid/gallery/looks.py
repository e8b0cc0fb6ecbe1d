"""What objects look like, from files: pictures of them, or vectors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mobinet.errors import InputError
from mobinet.reid.embedder import Embedder
from mobinet.types import Float32, Frame, Image

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
VECTORS = (".npy", ".npz")


@dataclass(frozen=True)
class Looks:
    """Views of one object.

    Args:
        name: of the folder or file that they are from.
        vectors: ``(V, D)`` float32.
        picture: the first one as JPEG, None for vectors.
    """

    name: str
    vectors: Float32
    picture: bytes | None = None


def read_pictures(path: Path, embedder: Embedder) -> list[Looks]:
    """Objects in a picture or folder: a picture shows one object, cut out; so does a folder of pictures. Of a folder
    with folders each is one object.

    Raises:
        InputError: nothing of that, or a picture that cannot be read.
        ModelError: the embedder failed.
    """
    if path.is_file():
        return [_described(path.stem, [path], embedder)]
    if not path.is_dir():
        raise InputError(f"'{path}' does not exist: give a picture, a folder of pictures, or vectors (.npy, .npz)")
    own = sorted(one for one in path.iterdir() if one.suffix.lower() in PICTURES)
    folders = [(path.name, own)] if own else []
    for folder in sorted(one for one in path.iterdir() if one.is_dir()):
        pictures = sorted(one for one in folder.iterdir() if one.suffix.lower() in PICTURES)
        if pictures:
            folders.append((folder.name, pictures))
    if not folders:
        raise InputError(f"'{path}' has no pictures ({', '.join(PICTURES)}), nor folders of them")
    return [_described(name, pictures, embedder) for name, pictures in folders]


def _described(name: str, paths: list[Path], embedder: Embedder) -> Looks:
    images = [_read_picture(path) for path in paths]
    vectors = [
        embedder.embed(Frame(0, name, image), np.array([[0, 0, image.shape[1], image.shape[0]]], np.float32))
        for image in images
    ]
    encoded, jpeg = cv2.imencode(".jpg", images[0])
    return Looks(name, np.concatenate(vectors), jpeg.tobytes() if encoded else None)


def _read_picture(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise InputError(f"'{path}' cannot be read as a picture; leave it out")
    return np.asarray(image, np.uint8)


def read_vectors(path: Path) -> list[Looks]:
    """Objects in an array: ``(V, D)`` in a ``.npy`` file, or ``vectors`` in a ``.npz`` file, are views of one; with
    ``objects`` ``(V,)`` beside them, of as many as are named there.

    Raises:
        InputError: no such array.
    """
    try:
        found = np.load(path, allow_pickle=False)
        vectors = np.atleast_2d(found if isinstance(found, np.ndarray) else found["vectors"]).astype(np.float32)
        objects = None if isinstance(found, np.ndarray) or "objects" not in found else found["objects"]
    except (OSError, KeyError, ValueError, EOFError) as error:
        raise InputError(f"'{path}': expected vectors (V, D), in a .npz file under 'vectors' ({error})") from error
    if objects is None:
        return [Looks(path.stem, vectors)]
    if objects.shape != (len(vectors),):
        raise InputError(f"'{path}': expected one of 'objects' for each of {len(vectors)} vectors, got {objects.shape}")
    return [Looks(str(name), vectors[objects == name]) for name in dict.fromkeys(objects.tolist())]
