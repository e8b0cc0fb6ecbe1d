"""What happens to a gallery's file when things go wrong outside: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mobinet.errors import GalleryError, MobinetError
from mobinet.reid.gallery import Enrolment, GallerySettings, open_gallery
from mobinet.reid.gallery.sqlite_check import repair_file
from mobinet.reid.gallery.sqlite_file import SqliteFile

from .looks import DIMENSION, MODEL, look

# says the id of each identity after it was acknowledged; every third is merged into the one before and split off again
WRITER = """
import sys
import numpy as np
from mobinet.reid.gallery import Enrolment, open_gallery
gallery = open_gallery(sys.argv[1], sys.argv[2], int(sys.argv[3]))
rng = np.random.default_rng(int(sys.argv[4]))
before = ""
while True:
    known = gallery.enroll(Enrolment(rng.normal(size=(2, gallery.dimension)).astype(np.float32), 1)).identity_id
    print("enrolled", known, flush=True)
    if before:
        kept = gallery.merge(before, known, 2).identity_id
        print("merged", before, known, flush=True)
        gallery.split(before if kept == known else known)
    before = known
"""


def test_survives_sigkill_at_any_moment(tmp_path):
    path, acknowledged = tmp_path / "known.gallery", []
    for seed in range(4):
        command = [sys.executable, "-c", WRITER, str(path), MODEL, str(DIMENSION), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            said = [process.stdout.readline() for _ in range(3 + 5 * seed)]
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        acknowledged += [line.split()[1] for line in said if line.startswith("enrolled")]
        with open_gallery(path) as gallery:
            assert gallery.store.check() == []
            for name in acknowledged:
                gallery.find(name)
            known = list(gallery.identities())
            # the last one may have been stored without a word
            assert len(acknowledged) <= sum(1 + len(one.aliases) for one in known) <= len(acknowledged) + seed + 1
            for one in known:
                prototypes = gallery.prototypes(one.identity_id)
                assert {prototype.origin for prototype in prototypes} == {one.identity_id, *one.aliases}


def filled(path: Path, count: int = 6) -> list[str]:
    with open_gallery(path, MODEL, DIMENSION, GallerySettings(thumbnails=True)) as gallery:
        return [
            gallery.enroll(Enrolment(look(i), i, label=f"name {i}", thumbnail=b"jpeg")).identity_id
            for i in range(count)
        ]


def read_whole(path: Path) -> list[object]:
    with open_gallery(path, read_only=True) as gallery:
        return [
            (
                known,
                [p.vector.tolist() for p in gallery.prototypes(known.identity_id)],
                gallery.thumbnail(known.identity_id),
            )
            for known in gallery.identities()
        ]


def test_a_changed_byte_is_found_and_said(tmp_path):
    path = tmp_path / "known.gallery"
    filled(path)
    whole, content = path.read_bytes(), read_whole(path)
    rng = np.random.default_rng(1)
    used = np.flatnonzero(np.frombuffer(whole, np.uint8))
    found = 0
    for place in rng.choice(used, 150, replace=False):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            with open_gallery(path, read_only=True) as gallery:
                said = gallery.store.check()
            if not said:
                # of no consequence: a counter of SQLite's, or room that nothing uses
                assert read_whole(path) == content, f"byte {place}"
            found += bool(said)
        except MobinetError:
            found += 1
    assert found > 100


def test_a_damaged_prototype_is_named_and_can_be_dropped(tmp_path):
    path = tmp_path / "known.gallery"
    ids = filled(path)
    data = bytearray(path.read_bytes())
    place = data.index(look(3).astype("<f2").tobytes())
    data[place + 1] ^= 4
    path.write_bytes(data)
    with pytest.raises(GalleryError, match=r"prototype 4 is damaged.*--repair"):
        open_gallery(path)
    file = SqliteFile(path)
    assert repair_file(file) == ["prototype: prototype 4"]
    file.close()
    with open_gallery(path) as gallery:
        assert gallery.store.check() == []
        assert gallery.prototypes(ids[3]) == ()
        assert gallery.identify(look(2)).identity_id == ids[2]


def test_a_damaged_alias_is_written_anew(tmp_path):
    path = tmp_path / "known.gallery"
    ids = filled(path, 4)
    with open_gallery(path) as gallery:
        gallery.merge(ids[0], ids[1], 9)
        gallery.merge(ids[0], ids[2], 9)
    data = bytearray(path.read_bytes())
    places = [place for place in range(len(data)) if data.startswith(ids[1].encode(), place)]
    for place in places:
        damaged = bytearray(data)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        file = SqliteFile(path)
        said = repair_file(file)
        file.close()
        with open_gallery(path) as gallery:
            assert gallery.store.check() == []
            if said and all(line.startswith("alias") for line in said):
                assert {gallery.find(name).identity_id for name in ids[:3]} == {ids[0]}
                break
    else:
        pytest.fail(f"no alias among the bytes at {places}")


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(50)])
def test_says_what_is_no_gallery(tmp_path, content):
    path = tmp_path / "known.gallery"
    path.write_bytes(content)
    with pytest.raises(GalleryError, match=str(path)):
        open_gallery(path, MODEL, DIMENSION)
    assert path.read_bytes() == content


HOLDER = """
import sys
from mobinet.reid.gallery import open_gallery
with open_gallery(sys.argv[1]):
    print("opened", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_is_refused_and_a_reader_served(tmp_path):
    path = tmp_path / "known.gallery"
    ids = filled(path)
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "opened\n"
        with pytest.raises(GalleryError, match="another process"):
            open_gallery(path, MODEL, DIMENSION)
        with open_gallery(path, read_only=True) as reader:
            assert reader.identify(look(1)).identity_id == ids[1]
            with pytest.raises(GalleryError, match="read only"):
                reader.forget(ids[1])
        other.communicate("")
    open_gallery(path).close()


def test_a_reader_sees_what_is_written_meanwhile(tmp_path):
    path = tmp_path / "known.gallery"
    ids = filled(path, 2)
    with open_gallery(path) as writer, open_gallery(path, read_only=True) as reader:
        assert reader.identify(look(5)).identity_id == ""
        known = writer.enroll(Enrolment(look(5), 9)).identity_id
        assert reader.identify(look(5)).identity_id == known
        writer.forget(ids[0])
        assert reader.identify(look(0)).identity_id == ""
        assert len(reader) == 2


def test_a_second_writer_of_the_same_process_is_refused(tmp_path):
    path = tmp_path / "known.gallery"
    with open_gallery(path, MODEL, DIMENSION), pytest.raises(GalleryError, match="another process"):
        open_gallery(path)


# enrolls until the file may not grow; says how many were acknowledged and how many are known then, and the error
FILLER = """
import resource, sys
import numpy as np
from mobinet.errors import GalleryError
from mobinet.reid.gallery import Enrolment, open_gallery
gallery = open_gallery(sys.argv[1], sys.argv[2], int(sys.argv[3]))
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
vector = np.ones(gallery.dimension, np.float32)
acknowledged = 0
try:
    while True:
        gallery.enroll_all([Enrolment(vector, 1)] * 50)
        acknowledged += 50
except GalleryError as error:
    print(acknowledged, len(gallery), gallery.store.prototype_count(), error, flush=True)
gallery.close()
"""


def test_a_full_disk_loses_nothing_that_was_acknowledged(tmp_path):
    path = tmp_path / "known.gallery"
    command = [sys.executable, "-c", FILLER, str(path), MODEL, str(DIMENSION)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    acknowledged, identities, prototypes, message = said.split(" ", 3)
    assert int(acknowledged) > 0
    assert acknowledged == identities == prototypes
    assert "nothing of this call was stored" in message
    with open_gallery(path) as gallery:
        assert gallery.store.check() == []
        assert len(gallery) == int(acknowledged)
        gallery.enroll(Enrolment(look(0), 1))


def test_a_read_only_file_answers_and_refuses_to_store(tmp_path, monkeypatch):
    path = tmp_path / "known.gallery"
    ids = filled(path)
    path.chmod(0o444)
    # root may write whatever the mode says
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda file, mode: mode != os.W_OK and allowed(file, mode))
    with open_gallery(path) as gallery:
        assert gallery.read_only
        assert gallery.identify(look(1)).identity_id == ids[1]
        for change in (
            lambda: gallery.enroll(Enrolment(look(1), 1)),
            lambda: gallery.forget(ids[0]),
            lambda: gallery.merge(ids[0], ids[1], 1),
            gallery.compact,
        ):
            with pytest.raises(GalleryError, match="is read only: nothing was stored"):
                change()
    assert not path.with_name("known.gallery-journal").exists()


def test_forgetting_leaves_no_byte(tmp_path):
    path = tmp_path / "known.gallery"
    rng = np.random.default_rng(2)
    secret = rng.normal(size=(3, DIMENSION)).astype(np.float32)
    with open_gallery(path, MODEL, DIMENSION, GallerySettings(thumbnails=True)) as gallery:
        for i in range(40):
            gallery.enroll(Enrolment(rng.normal(size=DIMENSION).astype(np.float32), i))
        known = gallery.enroll(
            Enrolment(secret, 5, label="Erika Mustermann", thumbnail=b"a picture of her")
        ).identity_id
        other = gallery.enroll(Enrolment(rng.normal(size=DIMENSION).astype(np.float32), 9)).identity_id
        gallery.merge(known, other, 10)
        gallery.enroll(Enrolment(secret * 1.1, 11, into=known))
        traces = [p.vector.astype("<f2").tobytes() for p in gallery.prototypes(known)]
        traces += [known.encode(), other.encode(), b"Erika Mustermann", b"a picture of her"]
        assert all(trace in path.read_bytes() for trace in traces)
        gallery.forget(known)
        # at once, and in all files of the folder
        left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert [trace for trace in traces if trace in left] == []
    with open_gallery(path) as gallery:
        assert len(gallery) == 40


def test_a_copy_is_a_backup(tmp_path):
    path = tmp_path / "known.gallery"
    ids = filled(path)
    assert [file.name for file in tmp_path.iterdir() if "lock" not in file.name] == ["known.gallery"]
    shutil.copy(path, tmp_path / "copy")
    with open_gallery(tmp_path / "copy") as gallery:
        assert gallery.identify(look(4)).identity_id == ids[4]
