"""The vectors of a gallery's file in memory, and whose they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mobinet.errors import GalleryError, MissingDependencyError
from mobinet.reid.gallery import codec
from mobinet.reid.gallery.faiss_index import ExactIndex, GraphIndex
from mobinet.reid.gallery.sqlite_file import SqliteFile, damage
from mobinet.reid.gallery.store import Nearest
from mobinet.reid.gallery.vector_index import NOBODY, NumpyIndex, VectorIndex, grown
from mobinet.types import Float32, Int64

# rows that fit into the processor's cache on their way
_CHUNK = 4_000
_GRAPH_PART = 8 << 20
_MOST_ASKED = 4096
# where more of a graph's knots are empty or missing it is not worth loading
_STALE = 0.3


@dataclass(frozen=True)
class Written:
    """Identities by number in the file, and their prototypes: slots, numbers of their identities, vectors."""

    names: Mapping[int, str]
    slots: Int64
    numbers: Int64
    vectors: Float32


class LocalSearch:
    """Index and owners; made by ``read``.

    Args:
        dimension: length of the vectors.
        exact_up_to: prototypes up to which all are compared.

    Attributes:
        identities: how many there are.
    """

    def __init__(self, dimension: int, exact_up_to: int) -> None:
        self._dimension = dimension
        self._exact_up_to = exact_up_to
        self._index: VectorIndex = _exact_index(dimension)
        self._owners: Int64 = np.zeros(1024, np.int64)
        self._ids: NDArray[np.bytes_] = np.zeros(1024, "S16")
        self.identities = 0

    @property
    def index(self) -> VectorIndex:
        return self._index

    @classmethod
    def read(cls, file: SqliteFile, exact_up_to: int) -> LocalSearch:
        """Everything in the file; raises GalleryError where a vector is damaged."""
        search = cls(file.dimension, exact_up_to)
        with file.errors():
            last = file.last_number("identity")
            for number, identity_id in file.connection.execute("SELECT number, id FROM identity"):
                if not 0 < number <= last:
                    raise GalleryError(f"gallery '{file.path}': {damage(f'the number of {identity_id}')}")
                search._name(number, identity_id)
            count = file.connection.execute("SELECT count(*) FROM prototype").fetchone()[0]
        if count <= exact_up_to or not search._read_graph(file, count):
            for slots, numbers, vectors in _read_chunks(file):
                search._own(slots, numbers)
                search._index.put(slots, vectors)
        return search

    def nearest(self, queries: Float32, count: int) -> list[Nearest]:
        """See Store. An identity has several prototypes: as many are asked for as it takes to see enough of them."""
        total = len(self._index)
        if not total:
            return [[] for _ in queries]
        enough = min(count, self.identities)
        asked = min(math.ceil(count * min(total / max(self.identities, 1), 4)) + 1, total)
        # a graph finds but so many; identities without prototypes are never found
        most = min(max(4 * count, _MOST_ASKED), total)
        while True:
            scores, slots = self._index.search(queries, asked)
            # owner 0, nobody, is at slot 0: what is not there has slot -1
            owners = self._owners[np.maximum(slots, 0)]
            found = [distinct(*row, count) for row in zip(owners.tolist(), scores.tolist(), strict=True)]
            if asked >= most or all(len(one) >= enough for one in found):
                return [[(self._ids[owner].decode(), score) for owner, score in one.items()] for one in found]
            asked = min(4 * asked, most)

    def apply(self, written: Written, erased: Sequence[int], dropped: Int64) -> None:
        """What has just been stored, numbers of identities that were erased, and slots that were dropped."""
        if len(written.slots):
            self._own(written.slots, written.numbers)
            self._index.put(written.slots, written.vectors)
        for number, identity_id in written.names.items():
            self._name(number, identity_id)
        if len(dropped):
            self._index.remove(dropped)
            self._owners[dropped] = 0
        for number in erased:
            self.identities -= self._ids[number] != b""
            self._ids[number] = b""

    def build_graph(self, file: SqliteFile) -> None:
        """Builds the graph anew and stores it; only where there are more vectors than are compared exactly.

        Raises:
            MissingDependencyError: no FAISS.
            GalleryError: it cannot be stored.
        """
        parts: list[bytes] = []
        slots: Int64 = np.zeros(0, np.int64)
        if len(self._index) > self._exact_up_to:
            graph = GraphIndex(self._dimension)
            for chunk_slots, _, vectors in _read_chunks(file):
                graph.put(chunk_slots, vectors)
            data, slots = graph.graph()
            data = slots.astype("<i8").tobytes() + data
            parts = [data[start : start + _GRAPH_PART] for start in range(0, len(data), _GRAPH_PART)]
            self._index = graph
        with file.transaction() as connection:
            connection.execute("DELETE FROM graph")
            rows = ((place, part, codec.checksum(place, part)) for place, part in enumerate(parts))
            connection.executemany("INSERT INTO graph VALUES (?, ?, ?)", rows)
            file.set_meta("graph_knots", str(len(slots)))

    def _read_graph(self, file: SqliteFile, count: int) -> bool:
        """Loads the stored graph and adds what came since; False where there is none worth it."""
        knots = int(file.meta("graph_knots") or 0)
        if knots < (1 - _STALE) * count:
            return False
        with file.errors():
            parts = file.connection.execute("SELECT part, data, crc FROM graph ORDER BY part").fetchall()
        if any(codec.checksum(place, data) != crc for place, data, crc in parts):
            raise GalleryError(f"gallery '{file.path}': {damage('its graph')}")
        data = b"".join(part for _, part, _ in parts)
        slots = np.frombuffer(data[: 8 * knots], "<i8").astype(np.int64)
        vectors = np.zeros((knots, self._dimension), np.float32)
        alive = np.zeros(knots, bool)
        later: list[tuple[Int64, Float32]] = []
        for found, numbers, chunk in _read_chunks(file):
            self._own(found, numbers)
            places = np.minimum(np.searchsorted(slots, found), knots - 1)
            there = slots[places] == found
            vectors[places[there]], alive[places[there]] = chunk[there], True
            if not there.all():
                later.append((found[~there], chunk[~there]))
        if alive.sum() < (1 - _STALE) * knots:
            return False
        try:
            self._index = GraphIndex(self._dimension, data[8 * knots :], np.where(alive, slots, NOBODY), vectors)
        except MissingDependencyError:
            return False
        for new_slots, chunk in later:
            self._index.put(new_slots, chunk)
        return True

    def _own(self, slots: Int64, numbers: Int64) -> None:
        self._owners = grown(self._owners, int(slots.max(initial=0)) + 1)
        self._owners[slots] = numbers

    def _name(self, number: int, identity_id: str) -> None:
        self._ids = grown(self._ids, number + 1)
        self.identities += self._ids[number] == b""
        self._ids[number] = str(identity_id).encode()


def _exact_index(dimension: int) -> VectorIndex:
    try:
        return ExactIndex(dimension)
    except MissingDependencyError:
        return NumpyIndex(dimension)


def _read_chunks(file: SqliteFile) -> Iterator[tuple[Int64, Int64, Float32]]:
    """Slots in rising order, numbers of their identities, vectors; raises GalleryError where one is damaged."""
    size = codec.row_type(file.dimension).itemsize
    with file.errors():
        cursor = file.connection.execute("SELECT slot, number, data FROM prototype ORDER BY slot")
        while chunk := cursor.fetchmany(_CHUNK):
            given, numbers, blobs = zip(*chunk, strict=True)
            bad = next((slot for slot, data in zip(given, blobs, strict=True) if not codec.is_sound(data, size)), None)
            if bad is not None:
                raise GalleryError(f"gallery '{file.path}': {damage(f'prototype {bad}')}")
            rows = codec.rows_of(blobs, file.dimension)
            strange = (rows["slot"] != given) | (rows["number"] != numbers)
            if strange.any():
                raise GalleryError(f"gallery '{file.path}': {damage(f'prototype {given[int(np.argmax(strange))]}')}")
            yield rows["slot"].astype(np.int64), rows["number"].astype(np.int64), codec.vectors_of(rows)


def distinct(owners: Iterable[int], scores: Iterable[float], count: int) -> dict[int, float]:
    """The first ``count`` different owners and their first scores; owner 0 is nobody."""
    found: dict[int, float] = {}
    for owner, score in zip(owners, scores, strict=True):
        if owner and owner not in found:
            found[owner] = score
            if len(found) == count:
                break
    return found
