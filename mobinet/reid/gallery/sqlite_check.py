"""Reads a gallery's file whole and says what is damaged; drops it when asked to."""

from __future__ import annotations

import sqlite3

from mobinet.errors import GalleryError
from mobinet.reid.gallery import codec
from mobinet.reid.gallery.sqlite_file import SqliteFile


def check_file(file: SqliteFile) -> list[str]:
    """What is damaged, in words; empty when all is well."""
    found: list[str] = []
    try:
        rows = file.connection.execute("PRAGMA integrity_check").fetchall()
        found += [f"file: {row[0]}" for row in rows if row[0] != "ok"]
        found += [f"{table}: {what}" for table, _, what in _damaged(file)]
    except sqlite3.DatabaseError as error:
        found.append(f"file: {error}")
    try:
        for key in ("model", "dimension", "calibration", "graph_knots"):
            file.meta(key)
    except GalleryError as error:
        found.append(str(error))
    return found


def repair_file(file: SqliteFile) -> list[str]:
    """Drops records whose checksum is wrong and prototypes of nobody, writes aliases anew; what was wrong, in words.

    Raises:
        GalleryError: the file is damaged beyond its records, or read only.
    """
    dropped = []
    with file.transaction() as connection:
        for table, key, what in _damaged(file):
            column = {"prototype": "slot", "graph": "part"}.get(table, "number")
            if table != "alias":
                connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (key,))
            dropped.append(f"{table}: {what}")
        connection.execute("DELETE FROM prototype WHERE number NOT IN (SELECT number FROM identity)")
        connection.execute("DELETE FROM thumbnail WHERE number NOT IN (SELECT number FROM identity)")
        # records say which aliases there are; whose record is gone is no alias any more
        connection.execute("DELETE FROM alias")
        for number, record in connection.execute("SELECT number, record FROM identity").fetchall():
            rows = [(alias, number) for alias in codec.known_from_text(record).aliases]
            connection.executemany("INSERT OR REPLACE INTO alias VALUES (?, ?)", rows)
        if any(line.startswith("graph") for line in dropped):
            connection.execute("DELETE FROM graph")
            file.set_meta("graph_knots", "0")
    with file.errors():
        connection.execute("REINDEX")
    return dropped


def _damaged(file: SqliteFile) -> list[tuple[str, int, str]]:
    """Table, key and description of each record that is not what was written."""
    found: list[tuple[str, int, str]] = []
    owners: set[int] = set()
    aliases: dict[str, int] = {}
    for row in file.connection.execute("SELECT number, id, last_seen_ns, label, record, crc FROM identity"):
        owners.add(row[0])
        if codec.text_checksum(*row[:5]) != row[5]:
            found.append(("identity", row[0], f"the record of {row[1]}"))
        else:
            aliases.update(dict.fromkeys(codec.known_from_text(row[4]).aliases, row[0]))
    for alias, number in file.connection.execute("SELECT alias, number FROM alias"):
        if aliases.pop(alias, None) != number:
            found.append(("alias", number, f"the alias {alias}"))
    found += [("alias", number, f"the alias {alias} is missing") for alias, number in aliases.items()]
    size = codec.row_type(file.dimension).itemsize
    for slot, number, data in file.connection.execute("SELECT slot, number, data FROM prototype"):
        sound = codec.is_sound(data, size)
        row = codec.rows_of([data], file.dimension)[0] if sound else None
        if row is None or row["slot"] != slot or row["number"] != number or number not in owners:
            found.append(("prototype", slot, f"prototype {slot}"))
    for number, _, _ in file.connection.execute("SELECT * FROM thumbnail"):
        if number not in owners:
            found.append(("thumbnail", number, f"thumbnail {number}, which is nobody's"))
    for table, key, blob in (("thumbnail", "number", "jpeg"), ("graph", "part", "data")):
        for name, data, crc in file.connection.execute(f"SELECT {key}, {blob}, crc FROM {table}"):
            if codec.checksum(name, data) != crc:
                found.append((table, name, f"{table} {name}"))
    return found
