"""A gallery whose writer is killed in the middle of writes, many times: is all there that was acknowledged?

A process enrolls, merges, splits and forgets, and says so after each call returned. It is killed by SIGKILL at a moment
drawn at random, and the file is opened and read whole: every identity that was acknowledged and not forgotten has to be
there with all its prototypes, no forgotten one, and no record damaged. The next writer goes on with the same file.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mobinet.errors import MobinetError
from mobinet.reid.gallery import open_gallery

WRITER = """
import random, sys
import numpy as np
from mobinet.reid.gallery import Enrolment, open_gallery
gallery = open_gallery(sys.argv[1], "bench:0", 128)
seed = int(sys.argv[2])
rng, chance = np.random.default_rng(seed), random.Random(seed)
def say(*words): print(*words, flush=True)
def looks(): return rng.normal(size=(chance.randint(1, 4), 128)).astype(np.float32)
mine = []
while True:
    act = chance.choice(["enroll", "enroll", "more", "merge", "split", "forget"])
    if act == "enroll":
        made = gallery.enroll_all([Enrolment(looks(), 1) for _ in range(chance.randint(1, 5))])
        mine += [one.identity_id for one in made]
        say("there", *(one.identity_id for one in made))
    elif len(mine) > 3:
        one, other = chance.sample(mine, 2)
        if act == "more":
            gallery.enroll(Enrolment(looks(), 2, into=one))
        elif act == "merge" and gallery.find(one) != gallery.find(other):
            gallery.merge(one, other, 3)
        elif act == "split" and gallery.find(one).identity_id != one:
            gallery.split(one)
        elif act == "forget" and chance.random() < 0.3:
            ids = (gallery.find(one).identity_id, *gallery.find(one).aliases)
            say("going", *ids)
            gallery.forget(one)
            mine = [name for name in mine if name not in ids]
            say("gone", *ids)
"""


def run_and_kill(path: Path, seed: int, seconds: float) -> list[list[str]]:
    """What a writer said before it was killed, so long after its first word."""
    command = [sys.executable, "-c", WRITER, str(path), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline()]
        time.sleep(seconds)
        process.kill()
        said += process.stdout.readlines()
    # a line that was cut short by the kill said nothing
    return [line.split() for line in said if line.endswith("\n")]


def judge(path: Path, there: set[str], going: set[str]) -> list[str]:
    """What is wrong with the file, in words."""
    try:
        with open_gallery(path) as gallery:
            wrong = gallery.store.check()
            known = {name for one in gallery.identities() for name in (one.identity_id, *one.aliases)}
            for one in gallery.identities():
                origins = {prototype.origin for prototype in gallery.prototypes(one.identity_id)}
                if origins != {one.identity_id, *one.aliases}:
                    wrong.append(f"{one.identity_id}: prototypes of {origins}")
    except MobinetError as error:
        return [f"does not open: {error}"]
    # who was just being forgotten may be there or not, whole
    return wrong + [f"{name} is lost" for name in sorted(there - known - going)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="not used")
    parser.add_argument("--quick", action="store_true", help="5 kills instead of 200")
    parser.add_argument("--kills", type=int, default=200)
    options = parser.parse_args()
    kills = 5 if options.quick else options.kills
    moments = random.Random(1)
    there: set[str] = set()
    gone: set[str] = set()
    going: set[str] = set()
    in_the_middle, wrong, acknowledged = 0, [], 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known.gallery"
        for kill in range(kills):
            for word, *names in run_and_kill(path, kill, moments.uniform(0, 0.4)):
                acknowledged += word != "going"
                if word == "there":
                    there.update(names)
                elif word == "going":
                    going.update(names)
                else:
                    gone.update(names)
            in_the_middle += path.with_name(path.name + "-journal").exists()
            there -= gone
            wrong += [f"kill {kill}: {line}" for line in judge(path, there, going)]
            wrong += [f"kill {kill}: {name} is there again" for name in sorted(gone & known_ids(path))]
            there, going = there & known_ids(path), set()
    for line in wrong:
        print(line)
    figures = {"kills": kills, "in_a_transaction": in_the_middle, "acknowledged": acknowledged, "wrong": len(wrong)}
    print("  ".join(f"{name} {value}" for name, value in figures.items()))
    print(json.dumps({"bench": "gallery_durability", "ours": figures, "peers": {}, "limit": {"wrong": 0}}))
    return 1 if wrong else 0


def known_ids(path: Path) -> set[str]:
    with open_gallery(path, read_only=True, load=False) as gallery:
        return {name for one in gallery.identities() for name in (one.identity_id, *one.aliases)}


if __name__ == "__main__":
    raise SystemExit(main())
