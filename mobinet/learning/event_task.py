"""Training of the street detector for event cameras on rendered sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from mobinet.learning.detector_losses import Targets, detection_losses
from mobinet.learning.event_clips import Batch, ClipSize, cut_clip, random_clip, stack_clips
from mobinet.learning.event_network import EventNetwork, cell_middles, detached, empty_memory
from mobinet.learning.event_sequences import LabelledSequence

_VALIDATED_WINDOWS = 12
_VALIDATED_BEFORE = 4


class EventTask:
    """See :class:`mobinet.learning.training.Task`: back-propagation through some windows, after others without.

    Args:
        sequences: to learn from.
        held_back: of other worlds, to validate with.
        batch: clips of a step.
        seed: of weights, order and augmentation.
        settle: step from which on the network normalises by what it has seen so far and not by the batch: how many
            events there are differs so much from batch to batch that a quiet scene looks like a busy one until then.
    """

    def __init__(
        self,
        sequences: Sequence[LabelledSequence],
        held_back: Sequence[LabelledSequence],
        batch: int,
        seed: int,
        sizes: ClipSize | None = None,
        settle: int = 1100,
    ) -> None:
        torch.manual_seed(seed)
        self.network: nn.Module = EventNetwork().to(memory_format=torch.channels_last)
        self._sequences, self._held_back = sequences, held_back
        self._batch, self._seed = batch, seed
        self._sizes, self._settle = sizes or ClipSize(), settle

    def batch(self, step: int) -> Batch:
        before = int(np.random.default_rng([self._seed, 2, step]).integers(0, self._sizes.most_before + 1))
        clips = []
        for number in range(step * self._batch, (step + 1) * self._batch):
            epoch, place = divmod(number, len(self._sequences))
            order = np.random.default_rng([self._seed, 0, epoch]).permutation(len(self._sequences))
            draw = np.random.default_rng([self._seed, 1, number])
            clips.append(random_clip(self._sequences[order[place]], before, self._sizes, draw))
        return stack_clips(clips, before, settled=step >= self._settle)

    def losses(self, network: nn.Module, batch: Batch, device: torch.device) -> Mapping[str, Tensor]:
        assert isinstance(network, EventNetwork)
        if batch.settled:
            _settle(network)
        counts = _channels_last(batch.counts.to(device).float())
        height, width = counts.shape[3:]
        memory = empty_memory(counts.shape[1], height, width, device)
        if batch.before:
            with torch.no_grad():
                _, memory = network.remember(counts[: batch.before], memory)
        logits, distances, _ = network(counts[batch.before :], detached(memory))
        middles = cell_middles(height, width).to(device)
        targets = Targets(batch.targets.boxes.to(device), batch.targets.labels.to(device))
        return detection_losses(logits, distances, middles, targets)

    @torch.no_grad()
    def validate(self, network: nn.Module, device: torch.device) -> Mapping[str, float]:
        """Mean losses on the sequences that are held back, as they are, each from its beginning."""
        sums: dict[str, float] = {}
        for sequence in self._held_back:
            crop = (sequence.size[0] // 32 * 32, sequence.size[1] // 32 * 32)
            clip = cut_clip(sequence, 0, _VALIDATED_WINDOWS, crop)
            for name, value in self.losses(network, stack_clips([clip], _VALIDATED_BEFORE), device).items():
                sums[f"held_back_{name}"] = sums.get(f"held_back_{name}", 0.0) + float(value)
        return {name: value / len(self._held_back) for name, value in sums.items()}


def _channels_last(counts: Tensor) -> Tensor:
    """The same ``(T, B, C, H, W)``, laid out as convolutions on a CPU are fastest."""
    return counts.permute(0, 1, 3, 4, 2).contiguous().permute(0, 1, 4, 2, 3)


def _settle(network: nn.Module) -> None:
    """Normalises by the statistics that were gathered, which stay; factors and offsets are learnt on."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
