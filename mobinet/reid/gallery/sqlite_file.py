"""One SQLite file: opened, locked against a second writer, and its errors told in words."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from mobinet.errors import GalleryError, ModelError
from mobinet.reid.gallery.codec import text_checksum

# 'MobG'
APPLICATION = 0x4D6F6247
VERSION = 1
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE identity (
  number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, last_seen_ns INTEGER NOT NULL,
  label TEXT NOT NULL, record TEXT NOT NULL, crc INTEGER NOT NULL);
CREATE INDEX identity_age ON identity (last_seen_ns);
CREATE INDEX identity_label ON identity (label) WHERE label != '';
CREATE TABLE alias (alias TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX alias_number ON alias (number);
CREATE TABLE prototype (slot INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX prototype_number ON prototype (number);
CREATE TABLE thumbnail (number INTEGER PRIMARY KEY, jpeg BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE graph (part INTEGER PRIMARY KEY, data BLOB NOT NULL, crc INTEGER NOT NULL);
"""
# the page holds fifteen vectors of 512, and so wastes little; what is deleted is overwritten with zeros; a transaction
# is on the disk, its journal's directory entry too, before it is acknowledged; and the file is one file: a journal lies
# beside it only while something is written
_PRAGMAS = (
    "PRAGMA page_size = 16384",
    "PRAGMA secure_delete = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA temp_store = MEMORY",
)
_BUSY_MS = 5000


class SqliteFile:
    """A gallery's file. One process writes at a time, which the lock of ``PATH.lock`` assures; others may read.

    Args:
        path: made when absent and ``model`` and ``dimension`` are given.
        model: fingerprint of the network whose vectors these are; '' takes the file's.
        dimension: their length; 0 takes the file's.
        read_only: open without the right to write, also while another process has it.

    Raises:
        GalleryError: absent, no gallery, damaged, in use, or not to be read.
        ModelError: the vectors are another network's.
    """

    def __init__(self, path: Path, model: str = "", dimension: int = 0, read_only: bool = False) -> None:
        self.path = path
        made = not path.exists() or path.stat().st_size == 0
        if made and (read_only or not model or dimension < 1):
            raise GalleryError(f"gallery '{path}' does not exist: check the path, or enroll somebody to make it")
        _make_folder(path)
        self.read_only = read_only or (not made and not os.access(path, os.W_OK))
        self._lock: IO[bytes] | None = None if self.read_only else _lock(path)
        try:
            with self.errors():
                self.connection = self._connect()
                if made:
                    self._create(model, dimension)
                self._check_kind()
            self.model, self.dimension = self.meta("model"), int(self.meta("dimension") or 0)
            if not self.model or self.dimension < 1:
                raise GalleryError(f"gallery '{self.path}': {damage('which network it is for')}")
            self._check_network(model, dimension)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; stored for good when it ends without an error."""
        with self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                # a full disk may have ended the transaction already
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise

    @contextmanager
    def errors(self) -> Iterator[None]:
        """SQLite's errors as GalleryError."""
        try:
            yield
        # of a damaged schema SQLite quotes bytes that are no text
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise GalleryError(f"gallery '{self.path}': {error}; {_cure(error, self.path)}") from error

    def meta(self, key: str) -> str:
        """A value of the file as a whole, '' for none; raises GalleryError for a damaged one."""
        with self.errors():
            row = self.connection.execute("SELECT value, crc FROM meta WHERE key = ?", (key,)).fetchone()
        if row is not None and text_checksum(key, row[0]) != row[1]:
            raise GalleryError(f"gallery '{self.path}': {damage(f'its {key}')}")
        return "" if row is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Within a transaction."""
        row = (key, value, text_checksum(key, value))
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", row)

    def last_number(self, table: str) -> int:
        """The highest number that a table ever had: numbers are not used again."""
        row = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        return 0 if row is None else int(row[0])

    def data_version(self) -> int:
        """A number that changes when another process has written."""
        with self.errors():
            return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        connection = getattr(self, "connection", None)
        if connection is not None:
            connection.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _connect(self) -> sqlite3.Connection:
        mode = "ro" if self.read_only else "rwc"
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        self.connection = connection
        # a damaged byte is found by its checksum, and must not end the reading before
        connection.text_factory = lambda data: data.decode(errors="replace")
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        for pragma in () if self.read_only else _PRAGMAS:
            connection.execute(pragma).fetchall()
        return connection

    def _create(self, model: str, dimension: int) -> None:
        with self.transaction() as connection:
            _make_tables(connection)
            self.set_meta("model", model)
            self.set_meta("dimension", str(dimension))
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")

    def _check_kind(self) -> None:
        kind, version = (self.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in _KIND)
        if kind != APPLICATION:
            raise GalleryError(f"'{self.path}' is a database, but no gallery of mobinet: check the path")
        if version != VERSION:
            raise GalleryError(
                f"gallery '{self.path}' has version {version}, expected {VERSION}; export it with the mobinet that "
                "wrote it, and import that"
            )

        with closing(sqlite3.connect(":memory:")) as fresh:
            _make_tables(fresh)
            expected = fresh.execute(_TABLES).fetchall()
        if self.connection.execute(_TABLES).fetchall() != expected:
            raise GalleryError(f"gallery '{self.path}': {damage('the description of its tables')}")

    def _check_network(self, model: str, dimension: int) -> None:
        if (model and model != self.model) or (dimension and dimension != self.dimension):
            raise ModelError(
                f"gallery '{self.path}' holds vectors of network {self.model} ({self.dimension} numbers), and this is "
                f"{model} ({dimension}): vectors of two networks never compare; use that network, or begin another file"
            )


def _make_tables(connection: sqlite3.Connection) -> None:
    for statement in filter(str.strip, _SCHEMA.split(";")):
        connection.execute(statement)


_TABLES = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name"


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GalleryError(
            f"gallery '{path}': its folder cannot be made ({error.strerror}); give another path"
        ) from error


_KIND = ("application_id", "user_version")


def damage(what: str) -> str:
    """The end of a sentence that says so, with the cure."""
    return (
        f"{what} is damaged (its checksum is wrong): take a backup or an export, or drop what is damaged with "
        "'mobinet gallery check --repair'"
    )


def _lock(path: Path) -> IO[bytes]:
    beside = path.with_name(path.name + ".lock")
    try:
        file = beside.open("ab")
    except OSError as error:
        raise GalleryError(
            f"gallery '{path}' cannot be locked: '{beside}': {error.strerror}; check the folder"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise GalleryError(
            f"gallery '{path}' is being written by another process: ask its gallery_node through its services, or stop "
            "it; 'list', 'show' and 'export' may read it meanwhile"
        ) from error
    return file


def _cure(error: Exception, path: Path) -> str:
    text = str(error)
    if "full" in text or "disk I/O" in text:
        return "nothing of this call was stored, what was stored before is; free some room or raise the limit"
    if "readonly" in text or "unable to open" in text:
        return f"make the file and its folder '{path.parent}' readable and writable"
    if "locked" in text:
        return "another process holds it; try again"
    return "the file is damaged: take a backup or an export"
