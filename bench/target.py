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

from targets.contenders import NANO, add_options, by_whom, contenders, find_networks, one_core, recordings  # noqa: E402
from targets.runs import Follower, Judged, follow, judge, metrics, show  # noqa: E402

from mobinet.errors import MissingDependencyError, MobinetError, RecordingError  # noqa: E402
from mobinet.evaluation.target_files import find_targets  # noqa: E402
from mobinet.evaluation.target_sequences import TargetSequence, read_target_sequence  # noqa: E402

QUICK_IMAGES = 100
LEAST_FPS, LEAST_REACQUIRED, BELOW_CORE = 60.0, 80.0, 1.0


def load(data: Path) -> dict[str, TargetSequence]:
    """The sequences that can be read; of the others it is said why not."""
    found = {}
    for name, boxes in find_targets(data).items():
        try:
            found[name or data.stem] = read_target_sequence(boxes, name)
        except RecordingError as error:
            print(f"left out: {error}", file=sys.stderr)
    if not found:
        raise RecordingError(f"'{data}': no sequence can be read")
    return found


def evaluate(sequence: TargetSequence, follower: Follower, images: int | None) -> Judged | None:
    """Scores on the first images; ``None``, with the reason said, where the recording cannot be read."""
    frames = (frame for frame, _ in zip(sequence.frames(), range(images or len(sequence.truth)), strict=False))
    try:
        return judge(follow(frames, sequence.truth, follower))
    except MobinetError as error:
        print(f"left out: {sequence.name}: {error}", file=sys.stderr)
        return None


def compare(
    sequences: dict[str, TargetSequence], networks: Path, options: argparse.Namespace
) -> dict[str, dict[str, float | None]]:
    results, images = {}, QUICK_IMAGES if options.quick else None
    with contenders(options, networks) as followers:
        for name, follower in followers.items():
            judged = {each: evaluate(one, follower, images) for each, one in sequences.items()}
            results[name] = metrics({each: one for each, one in judged.items() if one is not None})
    return results


def limits(results: dict[str, dict[str, float | None]]) -> dict[str, float | None]:
    """The least that ours must reach: the core as good and fast as TrackerNano, the modules no loss on any sequence."""
    core, nano = results.get("core", {}), results.get(NANO, {})
    return {
        **{f"core/{name}": nano[name] for name in ("auc", "fps") if name in nano},
        "fps": LEAST_FPS,
        "reacquired_percent": LEAST_REACQUIRED,
        **{name: round(core[name] - BELOW_CORE, 2) for name in core if "/" in name},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of sequences as those of TLD (gt.txt) and OTB")
    parser.add_argument("--quick", action="store_true", help=f"the first {QUICK_IMAGES} images of each sequence")
    add_options(parser)
    options = parser.parse_args()
    data = options.data or recordings() / "sot"
    if not data.is_dir():
        print(f"skipped: needs recordings, no folder '{data}'; set --data or MOBINET_DATA")
        return 0
    one_core()
    try:
        results = compare(load(data), find_networks(options, data), options)
    except (MissingDependencyError, FileNotFoundError) as error:
        print(f"skipped: {error}")
        return 0
    except RecordingError as error:
        print(error, file=sys.stderr)
        return 1
    show(results)
    print(json.dumps({"bench": "target", **by_whom(results), "limit": limits(results)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
