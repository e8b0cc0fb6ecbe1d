"""From which score on the event detector's findings are worth to be reported, as in ``detector_scores``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import nn

from mobinet.learning.detector_scores import Balance, best_balance, judge
from mobinet.learning.event_augmentation import EventDisturbance
from mobinet.learning.event_clips import WINDOW_NS, cut_clip
from mobinet.learning.event_network import CLASSES, EventNetwork, cell_middles, empty_memory
from mobinet.learning.event_sequences import LabelledSequence
from mobinet.types import Float32, Int64

_FIRST_JUDGED = 4
_JUDGED_EVERY = 2


class Judged(NamedTuple):
    """Boxes ``(N, 4)`` and scores ``(N, C)`` of all cells at the end of a window, and what is there."""

    boxes: Float32
    scores: Float32
    true_boxes: Float32
    labels: Int64


def balance_event_scores(network: EventNetwork, sequences: Sequence[LabelledSequence]) -> dict[str, Balance]:
    """Shifts the scores of each class so that 0.5 is the best threshold on ``sequences``; tells what it was before."""
    found = measure_event_balance(network, sequences)
    last = network.class_head[-1]
    assert isinstance(last, nn.Conv2d)
    assert last.bias is not None
    with torch.no_grad():
        for number, name in enumerate(CLASSES):
            last.bias[number] -= math.log(found[name].score / (1 - found[name].score))
    return found


def measure_event_balance(network: EventNetwork, sequences: Sequence[LabelledSequence]) -> dict[str, Balance]:
    """By class name; 0.5 and 0 for a class that the sequences do not have."""
    hits: list[list[tuple[float, bool]]] = [[] for _ in CLASSES]
    wanted = [0] * len(CLASSES)
    for sequence in sequences:
        for seen in judged_windows(network, sequence):
            for number in range(len(CLASSES)):
                hits[number] += judge(seen.boxes, seen.scores[:, number], seen.true_boxes, seen.labels, number)
                wanted[number] += int((seen.labels == number).sum())
    return {name: best_balance(hits[number], wanted[number]) for number, name in enumerate(CLASSES)}


@torch.no_grad()
def judged_windows(network: EventNetwork, sequence: LabelledSequence) -> Iterator[Judged]:
    """Every second window of a sequence as it was recorded, without noise, behind the first few."""
    crop = (sequence.size[0] // 32 * 32, sequence.size[1] // 32 * 32)
    clip = cut_clip(sequence, 0, int(sequence.stamps_ns[-1]) // WINDOW_NS, crop, EventDisturbance(filtered=True))
    memory = empty_memory(1, crop[1], crop[0])
    middles = cell_middles(crop[1], crop[0])
    for number, counts in enumerate(clip.counts):
        logits, distances, memory = network(torch.from_numpy(counts).float()[None, None], memory)
        if number < _FIRST_JUDGED or number % _JUDGED_EVERY:
            continue
        boxes = torch.cat([middles - distances[0, :2], middles + distances[0, 2:]]).T
        scores = logits[0].sigmoid().T
        yield Judged(boxes.numpy(), scores.numpy(), clip.boxes[number], clip.labels[number])
