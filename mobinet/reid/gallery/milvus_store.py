"""Identities in Milvus, which many robots may share."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mobinet.errors import GalleryError
from mobinet.reid.gallery import codec
from mobinet.reid.gallery.calibration import Calibration
from mobinet.reid.gallery.milvus_server import LONGEST_TEXT, MilvusServer, identity_row
from mobinet.reid.gallery.records import Known, Prototype
from mobinet.reid.gallery.store import Erase, Nearest, Put
from mobinet.types import Float32

# a row among the identities that is none; it was "seen" before all of them
_CALIBRATION = "#calibration"
_IDENTITIES = "last_seen >= 0"
# the most that Milvus gives of one search
_MOST_HITS = 16_384


class MilvusStore:
    """See Store. Nothing is kept here: each call asks the server.

    Milvus has no transactions, so rows of vectors are never changed: new ones are written, then the record that names
    them, then the old ones are deleted. Rows that no record names count for nothing. A merge that is cut short leaves
    the younger identity there beside the merged one, which takes precedence and which ``compact`` cleans up.

    Args:
        server: connected; closed by ``close``.
        read_only: whether ``write`` is refused.
    """

    def __init__(self, server: MilvusServer, read_only: bool = False) -> None:
        self._server = server
        self._read_only = read_only

    @property
    def read_only(self) -> bool:
        return self._read_only

    @property
    def where(self) -> str:
        return f"gallery '{self._server.where}'"

    @property
    def model(self) -> str:
        return self._server.model

    @property
    def dimension(self) -> int:
        return self._server.dimension

    def __len__(self) -> int:
        return self._server.count(self._server.identities, _IDENTITIES)

    def prototype_count(self) -> int:
        return self._server.count(self._server.views, "slot >= 0")

    def find(self, name: str) -> Known | None:
        """See Store."""
        quoted = json.dumps(name)
        rows = self._records(f"{_IDENTITIES} and (id == {quoted} or json_contains(aliases, {quoted}))")
        known = [codec.known_from_text(row["record"]) for row in rows]
        return min(known, key=lambda one: one.identity_id == name, default=None)

    def labelled(self, label: str) -> list[Known]:
        """See Store."""
        rows = self._records(f"{_IDENTITIES} and label == {json.dumps(label)}")
        return sorted((codec.known_from_text(row["record"]) for row in rows), key=_age)

    def prototypes(self, identity_id: str) -> tuple[Prototype, ...]:
        """See Store."""
        rows = self._records(f"id == {json.dumps(identity_id)}")
        if not rows:
            return ()
        slots = _slots(rows[0])
        fields = ("slot", "vector", "record")
        found = self._server.select(self._server.views, f"slot in {slots}", fields) if slots else ()
        return tuple(sorted((_prototype(row) for row in found), key=lambda one: slots.index(one.slot)))

    def thumbnail(self, identity_id: str) -> bytes | None:
        """None: Milvus is given no pictures."""
        del identity_id
        return None

    def identities(self) -> Iterator[Known]:
        """See Store; in the order of their first observation."""
        return iter(sorted((codec.known_from_text(row["record"]) for row in self._records(_IDENTITIES)), key=_age))

    def recent(self, count: int) -> list[Known]:
        """See Store."""
        rows = self._server.select(self._server.identities, _IDENTITIES, ("id", "last_seen"))
        last = sorted(rows, key=lambda row: (-int(row["last_seen"]), row["id"]))[:count]
        known = {one.identity_id: one for one in self._named([row["id"] for row in last])}
        return [known[row["id"]] for row in last if row["id"] in known]

    def unseen_since(self, stamp_ns: int) -> list[Known]:
        """See Store."""
        rows = self._records(f"{_IDENTITIES} and last_seen < {stamp_ns}")
        return sorted((codec.known_from_text(row["record"]) for row in rows), key=_age)

    def nearest(self, queries: Float32, count: int) -> list[Nearest]:
        """See Store. Hits that no record names are of writers that were cut short, and pass for nothing."""
        total = max(self.prototype_count(), 1)
        most = min(total, _MOST_HITS)
        asked = min(4 * count, most)
        while True:
            found = self._hits(queries, asked, count)
            if asked >= most or all(len(one) == count for one in found):
                return found
            asked = min(4 * asked, most)

    def write(self, changes: Sequence[Put | Erase]) -> None:
        """See Store; several identities are stored one after the other."""
        puts = [change for change in changes if isinstance(change, Put)]
        gone = [change.identity_id for change in changes if isinstance(change, Erase)]
        rows = self._records(_among("id", [*(put.known.identity_id for put in puts), *gone]))
        old = [slot for row in rows for slot in _slots(row)]
        views, records = [], []
        for put in puts:
            prototypes = [replace(prototype, slot=secrets.randbits(62) + 1) for prototype in put.prototypes]
            views += [_view_row(prototype, put.known.identity_id) for prototype in prototypes]
            records.append(self._record_row(put.known, [prototype.slot for prototype in prototypes]))
        server = self._server
        with server.errors():
            if views:
                server.client.insert(server.views, views)
            if records:
                server.client.upsert(server.identities, records)
            if gone:
                server.client.delete(server.identities, ids=gone)
            if old:
                server.client.delete(server.views, ids=old)

    def calibration(self) -> Calibration | None:
        """See Store."""
        rows = self._records(f"id == {json.dumps(_CALIBRATION)}")
        return codec.calibration_from_text(rows[0]["record"]) if rows else None

    def set_calibration(self, calibration: Calibration) -> None:
        """See Store."""
        row = identity_row(_CALIBRATION, -1, codec.calibration_text(calibration))
        with self._server.errors():
            self._server.client.upsert(self._server.identities, [row])

    def check(self) -> list[str]:
        """See Store."""
        doubles, orphans = self._left_over()
        found = [f"identity {name} is there although it was merged into another: run 'compact'" for name in doubles]
        if orphans:
            found.append(f"{len(orphans)} vectors belong to nobody: run 'compact'")
        return found

    def compact(self) -> None:
        """See Store. Deletes what writers that were cut short have left."""
        doubles, _ = self._left_over()
        server = self._server
        with server.errors():
            if doubles:
                server.client.delete(server.identities, ids=doubles)
            _, orphans = self._left_over()
            for start in range(0, len(orphans), 1000):
                server.client.delete(server.views, ids=orphans[start : start + 1000])
            server.client.flush(server.views)
            server.client.compact(server.views)

    def close(self) -> None:
        """See Store."""
        self._server.close()

    def _hits(self, queries: Float32, limit: int, count: int) -> list[Nearest]:
        server = self._server
        with server.errors():
            found = server.client.search(
                server.views, data=list(queries), limit=limit, output_fields=["identity"], consistency_level="Strong"
            )
        names = sorted({hit["entity"]["identity"] for hits in found for hit in hits})
        valid = {row["id"]: set(_slots(row)) for row in self._records(_among("id", names))} if names else {}
        nearest = []
        for hits in found:
            best: dict[str, float] = {}
            for hit in hits:
                owner = hit["entity"]["identity"]
                if hit["slot"] in valid.get(owner, ()):
                    best.setdefault(owner, float(hit["distance"]))
            nearest.append(list(best.items())[:count])
        return nearest

    def _records(self, condition: str) -> list[dict[str, Any]]:
        return list(self._server.select(self._server.identities, condition, ("id", "aliases", "slots", "record")))

    def _named(self, ids: Sequence[str]) -> list[Known]:
        return [codec.known_from_text(row["record"]) for row in self._records(_among("id", ids))] if ids else []

    def _record_row(self, known: Known, slots: Sequence[int]) -> dict[str, Any]:
        text = codec.known_text(known)
        if len(text.encode()) > LONGEST_TEXT or len(known.name.encode()) > 1024:
            raise GalleryError(f"{self.where}: the record of {known.identity_id} is too long for Milvus; split it")
        return identity_row(known.identity_id, known.seen[1], text, known.name, known.aliases, slots)

    def _left_over(self) -> tuple[list[str], list[int]]:
        """Identities that are aliases of others, and vectors that no record names."""
        rows = self._records(_IDENTITIES)
        aliases = {alias for row in rows for alias in row["aliases"]}
        doubles = [row["id"] for row in rows if row["id"] in aliases]
        named = {slot for row in rows for slot in _slots(row)}
        there = self._server.select(self._server.views, "slot >= 0", ("slot",))
        return doubles, [int(row["slot"]) for row in there if int(row["slot"]) not in named]


def _age(known: Known) -> tuple[int, str]:
    return known.seen[0], known.identity_id


def _slots(row: dict[str, Any]) -> list[int]:
    return [int(slot) for slot in row["slots"]]


def _among(field: str, names: Sequence[str]) -> str:
    return f"{field} in {json.dumps(list(names))}"


def _view_row(prototype: Prototype, identity_id: str) -> dict[str, Any]:
    record = {"weight": prototype.weight, "quality": prototype.quality, "origin": prototype.origin}
    vector = prototype.vector.tolist()
    return {"slot": prototype.slot, "identity": identity_id, "vector": vector, "record": json.dumps(record)}


def _prototype(row: dict[str, Any]) -> Prototype:
    record = json.loads(row["record"])
    vector = np.array(row["vector"], np.float32)
    return Prototype(vector, record["weight"], record["quality"], record["origin"], int(row["slot"]))
