"""One object followed through a sequence by anything that takes images and gives boxes, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from mobinet.evaluation import (
    AbsenceScores,
    TargetScores,
    add_absences,
    evaluate_absences,
    evaluate_target,
)
from mobinet.types import Float64, Frame, Int64, TargetState

NO_BOX = np.full(4, np.nan)


class Said(NamedTuple):
    """What a tracker says to an image: ``(4,)`` xyxy boxes of itself and of its network alone, NaN for none."""

    box: Float64
    state: TargetState
    network: Float64
    cpu_s: float


class Follower(Protocol):
    """A tracker of one object."""

    def start(self, frame: Frame, box: Float64) -> None:
        """``(4,)`` xyxy pixels."""

    def update(self, frame: Frame) -> Said: ...


@dataclass(frozen=True)
class Run:
    """A follower's way through a sequence; everything has one row an image, but ``cpu_s`` lacks the first."""

    truth: Float64
    places: Float64 | None
    boxes: Float64
    network: Float64
    states: Int64
    cpu_s: Float64


def follow(frames: Iterable[Frame], truth: Float64, follower: Follower, places: Float64 | None = None) -> Run:
    """Starts it on the first true box, in the first image, which counts as found (as in OTB)."""
    said: list[Said] = []
    for frame in frames:
        if said:
            said.append(follower.update(frame))
        else:
            follower.start(frame, truth[0])
            said.append(Said(truth[0], TargetState.TRACKING, truth[0], 0.0))
    boxes, states, network, cpu_s = (list(values) for values in zip(*said, strict=True))
    return Run(
        truth[: len(said)],
        None if places is None else places[: len(said)],
        np.array(boxes),
        np.array(network),
        np.array(states, np.int64),
        np.array(cpu_s[1:]),
    )


@dataclass(frozen=True)
class Judged:
    """Scores of one run."""

    target: TargetScores
    absences: AbsenceScores
    cpu_s: Float64


def judge(run: Run) -> Judged:
    return Judged(
        evaluate_target(run.truth, run.boxes),
        evaluate_absences(run.truth, run.boxes, run.states, run.network, run.places),
        run.cpu_s,
    )


def combined(judged: Mapping[str, Judged]) -> dict[str, float | None]:
    """All sequences together.

    AUC and precision are means over the sequences, AUC after occlusions over the sequences that have any; returns,
    false re-acquisitions and images are counted over all of them; fps is one over the median time of an image of any.
    """
    absences = add_absences([one.absences for one in judged.values()])
    after = [one.absences.success_after for one in judged.values() if one.absences.after]
    cpu_s = np.concatenate([one.cpu_s for one in judged.values()])
    return {
        "auc": _percent(float(np.mean([one.target.success for one in judged.values()]))),
        "precision20": _percent(float(np.mean([one.target.precision for one in judged.values()]))),
        "fps": round(1 / float(np.median(cpu_s)), 1) if len(cpu_s) else 0.0,
        "auc_after_occlusion": _percent(float(np.mean(after)) if after else float("nan")),
        "reacquired_percent": _percent(absences.reacquired_share),
        "false_reacquired": absences.false_reacquired,
        "absences": absences.absences,
        "told_hidden_percent": _percent(absences.told_share),
        "false_alarm_percent": _percent(absences.false_alarm_share),
    }


def metrics(judged: Mapping[str, Judged]) -> dict[str, float | None]:
    """``combined``, and the AUC of each sequence."""
    return {**combined(judged), **{f"{name}/auc": _percent(one.target.success) for name, one in judged.items()}}


def show(results: Mapping[str, Mapping[str, float | None]]) -> None:
    """A row a tracker: all sequences together, and below the AUC of each, if it is there."""
    columns = list(next(iter(results.values())))
    tables = [each for each in columns if "/" not in each], [each for each in columns if "/" in each]
    for chosen in filter(None, tables):
        heads = [column.replace("_percent", "%").replace("auc_after_occlusion", "auc_after") for column in chosen]
        widths = [max(len(head), 6) + 2 for head in heads]
        print(" " * 18 + "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
        for tracker, figures in results.items():
            cells = ("-" if figures.get(column) is None else str(figures[column]) for column in chosen)
            print(f"{tracker:18}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)))
        print()


def _percent(share: float) -> float | None:
    return None if np.isnan(share) else round(100 * share, 2)
