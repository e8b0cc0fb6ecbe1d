"""Opens a gallery by its address."""

from __future__ import annotations

from pathlib import Path

from mobinet.errors import GalleryError, SettingsError
from mobinet.reid.gallery.gallery import Gallery
from mobinet.reid.gallery.milvus_server import PREFIX, MilvusServer
from mobinet.reid.gallery.milvus_store import MilvusStore
from mobinet.reid.gallery.settings import GallerySettings
from mobinet.reid.gallery.sqlite_check import repair_file
from mobinet.reid.gallery.sqlite_file import SqliteFile
from mobinet.reid.gallery.sqlite_store import SqliteStore


def exists(where: Path | str) -> bool:
    """Whether there is a gallery already; of a server it is not known before it is asked."""
    return not str(where).startswith(PREFIX) and _path(where).exists()


def open_gallery(
    where: Path | str,
    model: str = "",
    dimension: int = 0,
    settings: GallerySettings | None = None,
    read_only: bool = False,
    load: bool = True,
) -> Gallery:
    """A gallery in a file or on a server.

    Args:
        where: path of a file, made when absent; or ``milvus:`` and what follows, see ``MilvusServer``.
        model: fingerprint of the network whose vectors are asked about; '' takes the gallery's, which has to be there.
        dimension: length of its vectors; 0 takes the gallery's.
        settings: prototypes, thresholds and search.
        read_only: never write; possible while another process does.
        load: read all vectors now; else when something is first searched.

    Raises:
        GalleryError: absent, damaged, in use, or not to be read.
        ModelError: it holds vectors of another network.
        MissingDependencyError: pymilvus is needed and not installed.
        SettingsError: pictures are asked for, and Milvus keeps none.
    """
    settings = settings or GallerySettings()
    if str(where).startswith(PREFIX):
        return _open_milvus(str(where), model, dimension, settings, read_only)
    store = SqliteStore(SqliteFile(_path(where), model, dimension, read_only), settings.exact_up_to)
    try:
        if load:
            store.load()
        return Gallery(store, settings)
    except BaseException:
        store.close()
        raise


def _open_milvus(where: str, model: str, dimension: int, settings: GallerySettings, read_only: bool) -> Gallery:
    if settings.thumbnails:
        raise SettingsError("thumbnails: Milvus keeps no pictures; set it to false, or use a file")
    store = MilvusStore(MilvusServer(where, model, dimension), read_only)
    try:
        return Gallery(store, settings)
    except BaseException:
        store.close()
        raise


def repair(where: Path | str) -> list[str]:
    """Drops what is damaged in a gallery's file, and says what.

    Raises:
        GalleryError: the file is damaged beyond its records, absent, in use or read only.
    """
    if str(where).startswith(PREFIX):
        raise GalleryError(f"'{where}': repair is for files; 'compact' cleans up in Milvus")
    file = SqliteFile(_path(where))
    try:
        return repair_file(file)
    finally:
        file.close()


def _path(where: Path | str) -> Path:
    return Path(where).expanduser()
