"""What a run of a rig came to: counted while it runs, told at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from mobinet.errors import MissingDependencyError
from mobinet_ros.running.truth_summary import LEAST_HEIGHT_PX, LEAST_VISIBILITY, TruthScores, TruthSummary

MOST_AGES = 100_000
TrackName: TypeAlias = tuple[str, str, str]
"""Robot, camera and track id."""


@dataclass
class CameraSummary:
    """One camera's counts; ages are of the tracks when they arrive, milliseconds after the exposure."""

    images: int = 0
    detections: int = 0
    tracks: set[str] = field(default_factory=set)
    stamps_ns: list[int] = field(default_factory=list)
    ages_ms: list[float] = field(default_factory=list)

    def rate_hz(self) -> float:
        """Images a second, by their stamps; 0 with fewer than two."""
        if len(self.stamps_ns) < 2:
            return 0.0
        return (len(self.stamps_ns) - 1) * 1e9 / max(self.stamps_ns[-1] - self.stamps_ns[0], 1)

    def age_ms(self, percent: float) -> float:
        return float(np.percentile(self.ages_ms, percent)) if self.ages_ms else float("nan")


@dataclass
class ClockSummary:
    """How fast simulated time went: the first and the newest tick, by both clocks."""

    first: tuple[int, int] | None = None
    newest: tuple[int, int] = (0, 0)

    def add(self, simulated_ns: int, wall_ns: int) -> None:
        """One tick; one that goes back begins anew."""
        if self.first is None or simulated_ns < self.newest[0]:
            self.first = (simulated_ns, wall_ns)
        self.newest = (simulated_ns, wall_ns)

    @property
    def simulated_s(self) -> float:
        return (self.newest[0] - self.first[0]) / 1e9 if self.first else 0.0

    @property
    def realtime_factor(self) -> float:
        """Simulated seconds a second; NaN before there were two ticks."""
        wall_ns = self.newest[1] - self.first[1] if self.first else 0
        return self.simulated_s * 1e9 / wall_ns if wall_ns > 0 else float("nan")


class RunSummary:
    """Counts what the robots publish, and how far they agree on who is who.

    Two robots agree on a track when both hold it for the same identity. Each time a robot publishes its identities they
    are compared with the newest ones of every other robot, for the tracks that both hold.

    Args:
        cameras: (robot, camera) of the run.
        truth: gathers what is judged against the truth of a simulated world, None for a run without one.
    """

    def __init__(self, cameras: Sequence[tuple[str, str]], truth: TruthSummary | None = None) -> None:
        self.truth = truth
        self.clock = ClockSummary()
        self.cameras = {key: CameraSummary() for key in cameras}
        self.identities: dict[str, set[str]] = {robot: set() for robot, _ in cameras}
        self.shared: set[str] = set()
        self.heard: set[str] = set()
        self.compared = 0
        self.equal = 0
        self._newest: dict[str, dict[TrackName, str]] = {}

    def add_detections(self, camera: tuple[str, str], count: int) -> None:
        self.cameras[camera].images += 1
        self.cameras[camera].detections += count

    def add_tracks(self, camera: tuple[str, str], stamp_ns: int, now_ns: int, confirmed: Sequence[str]) -> None:
        """One message of tracks: ids of the confirmed ones."""
        summary = self.cameras[camera]
        summary.tracks.update(confirmed)
        if len(summary.ages_ms) < MOST_AGES:
            summary.stamps_ns.append(stamp_ns)
            summary.ages_ms.append((now_ns - stamp_ns) / 1e6)

    def add_identities(self, robot: str, tracks_of: Mapping[str, Sequence[TrackName]]) -> None:
        """One message of a robot: identity -> the tracks that show it now."""
        self.heard.add(robot)
        self.identities[robot].update(tracks_of)
        self.shared.update(name for name, keys in tracks_of.items() if len({seer for seer, _, _ in keys}) > 1)
        mine = {key: name for name, keys in tracks_of.items() for key in keys}
        for other, theirs in self._newest.items():
            if other != robot:
                common = mine.keys() & theirs.keys()
                self.compared += len(common)
                self.equal += sum(mine[key] == theirs[key] for key in common)
        self._newest[robot] = mine

    @property
    def worked(self) -> bool:
        """Whether every camera delivered tracks and every robot identities; that nobody is in sight is no failure."""
        return all(summary.ages_ms for summary in self.cameras.values()) and self.heard == set(self.identities)

    def lines(self) -> list[str]:
        """The summary for a terminal."""
        head = f"{'camera':<12}{'images':>8}{'detections':>12}{'tracks':>8}{'rate Hz':>9}{'age ms p50':>12}{'p95':>6}"
        lines = [head]
        for (robot, camera), s in self.cameras.items():
            ages = f"{s.age_ms(50):>12.0f}{s.age_ms(95):>6.0f}" if s.ages_ms else f"{'-':>12}{'-':>6}"
            name = f"{robot}/{camera}"
            lines.append(f"{name:<12}{s.images:>8}{s.detections:>12}{len(s.tracks):>8}{s.rate_hz():>9.1f}{ages}")
        counts = ", ".join(f"{robot} {len(names)}" for robot, names in self.identities.items())
        lines.append(f"identities: {counts}; {len(self.shared)} were seen by several robots at once")
        lines += self._agreement_lines()
        return lines + (self._truth_lines(self.truth) if self.truth else [])

    def as_dict(self) -> dict[str, Any]:
        """The same for programs; what is not known is absent."""
        cameras: dict[str, dict[str, Any]] = {}
        for key, camera in self.cameras.items():
            ages = {f"age_ms_p{percent}": round(camera.age_ms(percent), 1) for percent in (50, 95) if camera.ages_ms}
            cameras["/".join(key)] = {"images": camera.images, "rate_hz": round(camera.rate_hz(), 2), **ages}
        result: dict[str, Any] = {"cameras": cameras}
        if self.compared:
            result["agreement"] = round(self.equal / self.compared, 4)
        if self.clock.simulated_s:
            result["simulated_s"] = round(self.clock.simulated_s, 2)
            result["realtime_factor"] = round(self.clock.realtime_factor, 3)
        scores = self._scores(self.truth)[0] if self.truth else None
        if scores is not None:
            for name, mot in scores.cameras.items():
                figures = {"hota": mot.hota, "deta": mot.deta, "assa": mot.assa, "idf1": mot.idf1}
                cameras[name] |= {key: round(value, 4) for key, value in figures.items()}
            result["idf1"] = round(scores.identities.idf1, 4)
        return result

    def _agreement_lines(self) -> list[str]:
        pairs = len(list(combinations(self.identities, 2)))
        if pairs and self.compared:
            share = 100 * self.equal / self.compared
            return [f"the robots agree on {share:.1f} % of the tracks that two of them hold ({self.compared} compared)"]
        if not any(s.tracks for s in self.cameras.values()) and not any(self.identities.values()):
            return ["nothing was tracked: the detector found nobody; a network finds more than the HOG detector"]
        if pairs:
            return [
                "no two robots held the same track: nobody was in sight of two at once, or they did not hear each other"
            ]
        return []

    @staticmethod
    def _scores(truth: TruthSummary) -> tuple[TruthScores | None, str]:
        """The scores or, where there are none, why."""
        try:
            scores = truth.scores()
        except MissingDependencyError as error:
            return None, str(error)
        return scores, "" if scores else "no image had both truth and tracks; see the log of sim_node"

    def _truth_lines(self, truth: TruthSummary) -> list[str]:
        clock = self.clock
        lines = [f"simulated time: {clock.simulated_s:.1f} s at {clock.realtime_factor:.2f} of real time"]
        scores, reason = self._scores(truth)
        if scores is None:
            return [*lines, f"not judged against the truth: {reason}"]
        lines += [
            "",
            f"{'against the truth':<18}{'HOTA':>7}{'DetA':>7}{'AssA':>7}{'IDF1':>7}{'recall':>8}{'precision':>11}",
        ]
        for name, mot in scores.cameras.items():
            recall, precision = mot.tp / max(mot.tp + mot.fn, 1), mot.tp / max(mot.tp + mot.fp, 1)
            shares = "".join(f"{value:>7.3f}" for value in (mot.hota, mot.deta, mot.assa, mot.idf1))
            lines.append(f"{name:<18}{shares}{recall:>8.3f}{precision:>11.3f}")
        each = ", ".join(f"as {robot} says {one.idf1:.3f}" for robot, one in scores.seen_by.items())
        own = scores.identities
        counts = f"{own.truth_ids} objects, {own.result_ids} names"
        lines.append(f"identities over all cameras: IDF1 {own.idf1:.3f} ({each}); {counts}")
        lines.append(
            f"judged: {scores.images} images; objects that are at least {LEAST_VISIBILITY:.0%} visible and "
            f"{LEAST_HEIGHT_PX:.0f} pixels high, others are forgiven; a match overlaps by half (HOTA: .05 to .95)"
        )
        return lines
