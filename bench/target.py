"""One object followed through recorded sequences, with its absences: ours with and without its modules, and OpenCV's.

Sequences are folders as those of TLD and OTB. AUC is the area under OTB's success curve and precision the share of
centres within 20 pixels, both over the images that show the object; the measures around absences are those of
mobinet.evaluation.absences. fps is one over the median processor time of an image on one core, decoding left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import cv2  # noqa: E402
from peers import target_trackers  # noqa: E402
from targets import contenders  # noqa: E402
from targets.runs import Follower, Judged, follow, judge, metrics, show  # noqa: E402

from mobinet.errors import MobinetError, RecordingError  # noqa: E402
from mobinet.evaluation.target_files import find_targets  # noqa: E402
from mobinet.evaluation.target_sequences import TargetSequence, read_target_sequence  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
QUICK_IMAGES = 100


def load(data: Path) -> dict[str, TargetSequence]:
    """The sequences that can be read; of the others it is said why not."""
    found = {}
    for name, boxes in find_targets(data).items():
        try:
            found[name or data.stem] = read_target_sequence(boxes, name)
        except RecordingError as error:
            print(f"left out: {error}", file=sys.stderr)
    return found


def evaluate(sequence: TargetSequence, follower: Follower, images: int | None) -> Judged | None:
    """Scores on the first images; ``None``, with the reason said, where the recording cannot be read."""
    frames = (frame for frame, _ in zip(sequence.frames(), range(images or len(sequence.truth)), strict=False))
    try:
        return judge(follow(frames, sequence.truth, follower))
    except MobinetError as error:
        print(f"left out: {sequence.name}: {error}", file=sys.stderr)
        return None


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of sequences as those of TLD (gt.txt) and OTB")
    parser.add_argument(
        "--networks", type=Path, help="folder of NanoTrack v2; default: models/nanotrack_v2 beside --data"
    )
    parser.add_argument("--peers", default="", metavar="PYTHON", help=target_trackers.HOW)
    parser.add_argument("--quick", action="store_true", help=f"the first {QUICK_IMAGES} images of each sequence")
    return parser.parse_args()


def main() -> int:
    options = parse()
    recorded = Path(os.environ.get("MOBINET_DATA", ROOT.parent / "shared" / "data"))
    data = options.data or recorded / "sot"
    networks = options.networks or data.parent / "models" / "nanotrack_v2"
    if not data.is_dir():
        print(f"skipped: needs recordings, no folder '{data}'; set --data or MOBINET_DATA")
        return 0
    if len(list(networks.glob("*.onnx"))) < 2:
        print(
            f"'{networks}' has no two networks; give the folder of NanoTrack's backbone and head with --networks",
            file=sys.stderr,
        )
        return 1
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    sequences = load(data)
    results: dict[str, dict[str, float]] = {}
    with contenders.peers(options.peers, networks) as followers:
        for name, follower in followers.items():
            judged = {
                each: evaluate(one, follower, QUICK_IMAGES if options.quick else None)
                for each, one in sequences.items()
            }
            results[name] = metrics({each: one for each, one in judged.items() if one is not None})
    show(results)
    print(json.dumps({"bench": "target", "peers": results}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
