"""Our tracker with and without its modules, as followers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from targets.runs import NO_BOX, Said

from mobinet.models.shipped import shipped
from mobinet.targets.base import Correction, Matcher
from mobinet.targets.corrections import make_corrections
from mobinet.targets.factory import load_matcher
from mobinet.targets.settings import TargetSettings
from mobinet.targets.tracker import TargetTracker
from mobinet.types import Float64, Frame

BOTH, OWN_NETWORK = "ours", "street-siamese"


class Ours:
    """A tracker that is made anew for each sequence.

    Args:
        make: corrections for a sequence.
    """

    def __init__(
        self, matcher: Matcher, settings: TargetSettings, make: Callable[[], Sequence[Correction]] = tuple
    ) -> None:
        self._matcher, self._settings, self._make = matcher, settings, make
        self._tracker = TargetTracker(matcher)

    def start(self, frame: Frame, box: Float64) -> None:
        self._tracker = TargetTracker(self._matcher, self._make(), self._settings)
        self._tracker.start(frame, box)

    def update(self, frame: Frame) -> Said:
        begin = time.process_time()
        target = self._tracker.update(frame)
        cpu_s = time.process_time() - begin
        network = self._tracker.response.box if self._tracker.response else NO_BOX
        return Said(NO_BOX if target.box is None else target.box, target.state, network, cpu_s)


def ours(networks: Path) -> dict[str, Ours]:
    """The core over a folder's ``*backbone*.onnx`` and ``*head*.onnx``: alone, with one module, and with both.

    And over the network that comes with mobinet, alone and with both.
    """
    backbone, head = (str(next(networks.glob(f"*{part}*.onnx"))) for part in ("backbone", "head"))
    settings = TargetSettings(network=backbone, head=head)
    matcher = load_matcher(settings)
    found = {
        "core": Ours(matcher, settings),
        "core+occlusion": Ours(matcher, settings, lambda: make_corrections(matcher, use=("occlusion",))),
        "core+distractor": Ours(matcher, settings, lambda: make_corrections(matcher, use=("distractors",))),
        BOTH: Ours(matcher, settings, lambda: make_corrections(matcher)),
    }
    if OWN_NETWORK in shipped():
        own_settings = TargetSettings(network=OWN_NETWORK)
        own = load_matcher(own_settings)
        found[f"{OWN_NETWORK} core"] = Ours(own, own_settings)
        found[OWN_NETWORK] = Ours(own, own_settings, lambda: make_corrections(own))
    return found
