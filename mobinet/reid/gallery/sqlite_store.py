"""Identities in one SQLite file, their vectors in memory as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mobinet.errors import GalleryError
from mobinet.reid.gallery import codec
from mobinet.reid.gallery.calibration import Calibration
from mobinet.reid.gallery.local_search import LocalSearch, Written
from mobinet.reid.gallery.records import Known, Prototype
from mobinet.reid.gallery.sqlite_check import check_file
from mobinet.reid.gallery.sqlite_file import SqliteFile, damage
from mobinet.reid.gallery.store import Erase, Nearest, Put
from mobinet.reid.gallery.vector_index import VectorIndex
from mobinet.types import Float32, Int64

_RECORD = "SELECT number, id, last_seen_ns, label, record, crc FROM identity "
_Row = tuple[int, str, int, str, str, int]


class SqliteStore:
    """See Store. Vectors are read, and checked, when something is first searched or written, or by ``load``.

    Args:
        file: opened; closed by ``close``.
        exact_up_to: prototypes up to which all are compared.
    """

    def __init__(self, file: SqliteFile, exact_up_to: int) -> None:
        self._file = file
        self._exact_up_to = exact_up_to
        self._search: LocalSearch | None = None
        self._version = 0

    @property
    def where(self) -> str:
        return f"gallery '{self._file.path}'"

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def model(self) -> str:
        return self._file.model

    @property
    def dimension(self) -> int:
        return self._file.dimension

    @property
    def read_only(self) -> bool:
        return self._file.read_only

    def __len__(self) -> int:
        return self._count("identity") if self._search is None or self.read_only else self._search.identities

    def prototype_count(self) -> int:
        return self._count("prototype")

    def load(self) -> None:
        """Reads all vectors now, rather than when they are first needed.

        Raises:
            GalleryError: one is damaged.
        """
        # what another process writes meanwhile is seen at the next question
        version = self._file.data_version() if self.read_only else 0
        if self._search is None or version != self._version:
            self._search, self._version = LocalSearch.read(self._file, self._exact_up_to), version

    @property
    def has_graph(self) -> bool:
        """Whether a graph is stored, with which a large gallery is searched fast."""
        return int(self._file.meta("graph_knots") or 0) > 0

    @property
    def search_index(self) -> VectorIndex:
        """What the vectors are searched by; they are read if they were not."""
        self.load()
        assert self._search is not None
        return self._search.index

    def find(self, name: str) -> Known | None:
        """See Store."""
        number = self._number(name)
        rows = [] if number is None else self._rows(_RECORD + "WHERE number = ?", number)
        return self._known(rows[0]) if rows else None

    def labelled(self, label: str) -> list[Known]:
        """See Store."""
        return [
            self._known(row) for row in self._rows(_RECORD + "WHERE label = ? AND label != '' ORDER BY number", label)
        ]

    def identities(self) -> Iterator[Known]:
        """See Store."""
        return (self._known(row) for row in self._rows(_RECORD + "ORDER BY number"))

    def recent(self, count: int) -> list[Known]:
        """See Store."""
        return [self._known(row) for row in self._rows(_RECORD + "ORDER BY last_seen_ns DESC, number LIMIT ?", count)]

    def unseen_since(self, stamp_ns: int) -> list[Known]:
        """See Store."""
        return [self._known(row) for row in self._rows(_RECORD + "WHERE last_seen_ns < ? ORDER BY number", stamp_ns)]

    def prototypes(self, identity_id: str) -> tuple[Prototype, ...]:
        """See Store."""
        return codec.prototypes_of(self._prototype_rows(self._number(identity_id)))

    def thumbnail(self, identity_id: str) -> bytes | None:
        """See Store."""
        with self._file.errors():
            query = "SELECT number, jpeg, crc FROM thumbnail WHERE number = ?"
            row = self._file.connection.execute(query, (self._number(identity_id),)).fetchone()
        if row is not None and codec.checksum(*row[:2]) != row[2]:
            raise GalleryError(f"{self.where}: {damage(f'the picture of {identity_id}')}")
        return None if row is None else bytes(row[1])

    def nearest(self, queries: Float32, count: int) -> list[Nearest]:
        """See Store."""
        self.load()
        assert self._search is not None
        return self._search.nearest(queries, count)

    def write(self, changes: Sequence[Put | Erase]) -> None:
        """See Store."""
        puts = [change for change in changes if isinstance(change, Put)]
        gone = [change.identity_id for change in changes if isinstance(change, Erase)]
        with self._file.transaction():
            numbers = {name: self._number_of_id(name) for name in [*(put.known.identity_id for put in puts), *gone]}
            before = self._slots_of([number for number in numbers.values() if number is not None])
            written = self._put_all(puts, numbers)
            dropped = sorted(before - set(written.slots.tolist()))
            self._execute_all("DELETE FROM prototype WHERE slot = ?", dropped)
            erased = [number for name in gone if (number := numbers[name]) is not None]
            for table in ("identity", "alias", "thumbnail"):
                self._execute_all(f"DELETE FROM {table} WHERE number = ?", erased)
        if self._search is not None:
            self._search.apply(written, erased, np.array(dropped, np.int64))

    def calibration(self) -> Calibration | None:
        """See Store."""
        text = self._file.meta("calibration")
        return codec.calibration_from_text(text) if text else None

    def set_calibration(self, calibration: Calibration) -> None:
        """See Store."""
        with self._file.transaction():
            self._file.set_meta("calibration", codec.calibration_text(calibration))

    def compact(self) -> None:
        """See Store. Builds the graph where there are more prototypes than ``exact_up_to``."""
        self.load()
        assert self._search is not None
        self._search.build_graph(self._file)
        with self._file.errors():
            self._file.connection.execute("VACUUM")

    def close(self) -> None:
        """See Store."""
        self._search = None
        self._file.close()

    def check(self) -> list[str]:
        """See Store."""
        return check_file(self._file)

    def _put_all(self, puts: Sequence[Put], known: Mapping[str, int | None]) -> Written:
        """Within a transaction; ``known`` are numbers of the identities that are there already."""
        next_number, next_slot = self._file.last_number("identity") + 1, self._file.last_number("prototype") + 1
        names: dict[int, str] = {}
        for put in puts:
            number = known[put.known.identity_id]
            if number is None:
                number, next_number = next_number, next_number + 1
            names[number] = put.known.identity_id
            self._put_record(put, number, known[put.known.identity_id] is None)
        prototypes = [prototype for put in puts for prototype in put.prototypes]
        slots: Int64 = np.array([prototype.slot for prototype in prototypes], np.int64)
        slots[slots == 0] = np.arange(next_slot, next_slot + (slots == 0).sum())
        numbers: Int64 = np.repeat(np.array(list(names), np.int64), [len(put.prototypes) for put in puts])
        rows, blobs = codec.encoded(prototypes, slots, numbers, self.dimension)
        values = zip(slots.tolist(), numbers.tolist(), blobs, strict=True)
        self._file.connection.executemany("INSERT OR REPLACE INTO prototype VALUES (?, ?, ?)", values)
        # what is compared must not depend on whether the file was closed since: in the file's precision
        return Written(names, slots, numbers, codec.vectors_of(rows))

    def _put_record(self, put: Put, number: int, is_new: bool) -> None:
        connection, known = self._file.connection, put.known
        row = (number, known.identity_id, known.seen[1], known.name, codec.known_text(known))
        query = "INSERT OR REPLACE INTO identity VALUES (?, ?, ?, ?, ?, ?)"
        connection.execute(query, (*row, codec.text_checksum(*row)))
        if not is_new:
            connection.execute("DELETE FROM alias WHERE number = ?", (number,))
        aliases = [(alias, number) for alias in known.aliases]
        connection.executemany("INSERT OR REPLACE INTO alias VALUES (?, ?)", aliases)
        if put.thumbnail is not None:
            picture = (number, put.thumbnail, codec.checksum(number, put.thumbnail))
            connection.execute("INSERT OR REPLACE INTO thumbnail VALUES (?, ?, ?)", picture)

    def _slots_of(self, numbers: Sequence[int]) -> set[int]:
        query = "SELECT slot FROM prototype WHERE number = ?"
        return {row[0] for number in numbers for row in self._file.connection.execute(query, (number,))}

    def _execute_all(self, query: str, values: Sequence[int]) -> None:
        self._file.connection.executemany(query, [(value,) for value in values])

    def _number_of_id(self, identity_id: str) -> int | None:
        row = self._file.connection.execute("SELECT number FROM identity WHERE id = ?", (identity_id,)).fetchone()
        return None if row is None else int(row[0])

    def _number(self, name: str) -> int | None:
        with self._file.errors():
            number = self._number_of_id(name)
            if number is not None:
                return number
            row = self._file.connection.execute("SELECT number FROM alias WHERE alias = ?", (name,)).fetchone()
        return None if row is None else int(row[0])

    def _rows(self, query: str, *values: int | str) -> list[_Row]:
        with self._file.errors():
            return self._file.connection.execute(query, values).fetchall()

    def _known(self, row: _Row) -> Known:
        if codec.text_checksum(*row[:5]) != row[5]:
            raise GalleryError(f"{self.where}: {damage(f'the record of {row[1]}')}")
        return codec.known_from_text(row[4])

    def _prototype_rows(self, number: int | None) -> codec.Rows:
        with self._file.errors():
            query = "SELECT slot, data FROM prototype WHERE number = ? ORDER BY slot"
            found = self._file.connection.execute(query, (number,)).fetchall()
        size = codec.row_type(self.dimension).itemsize
        for slot, data in found:
            if not codec.is_sound(data, size):
                raise GalleryError(f"{self.where}: {damage(f'prototype {slot}')}")
        return codec.rows_of([data for _, data in found], self.dimension)

    def _count(self, table: str) -> int:
        with self._file.errors():
            return int(self._file.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
