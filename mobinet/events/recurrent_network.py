"""A recurrent network on events, as an ONNX file whose memory goes in and comes out: it serves any number of cameras.

Made for networks as those of Gehrig and Scaramuzza, "Recurrent Vision Transformers for Object Detection with Event
Cameras" (CVPR 2023, arXiv:2212.05598): stacked histograms, states h and c of each stage, a YOLOX head.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np

from mobinet.errors import ModelError
from mobinet.events.recurrent_sidecar import RecurrentSidecar, read_recurrent_sidecar
from mobinet.models.session import Array, TensorInfo, load_session
from mobinet.types import Float32

Memory: TypeAlias = tuple[Array, ...]
"""The states of one camera, in the order of the network's."""


class StatePair(NamedTuple):
    """A state: the input that takes it, and the output that has it afterwards."""

    before: TensorInfo
    after: str
    stride: int


class RecurrentNetwork:
    """A loaded network; safe to run from several threads at once, as the memory is the caller's.

    Args:
        path: the ``.onnx`` file; the YAML file beside it is read too.
        provider, threads: of ONNX Runtime, see :func:`mobinet.models.session.load_session`.
        sidecar: instead of the YAML file.

    Raises:
        ModelError: the file cannot be loaded, or its inputs and outputs are not what the sidecar says.
        SettingsError: the YAML file is wrong.
        MissingDependencyError: no ONNX Runtime, or one without the provider.
    """

    def __init__(
        self, path: Path, provider: str = "cpu", threads: int = 0, sidecar: RecurrentSidecar | None = None
    ) -> None:
        self.path = path
        self.sidecar = sidecar or read_recurrent_sidecar(path)
        self._session = load_session(path, provider, threads)
        self._outputs = [info.name for info in self._session.outputs]
        self.counts = self._find_counts()
        self.states = self._find_states()
        self._boxes = self._find_boxes()

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width of the input where the file fixes them."""
        height, width = self.counts.shape[2:]
        return None if height is None or width is None else (height, width)

    @property
    def dtype(self) -> str:
        """Of the counts: NumPy's name."""
        return self.counts.dtype

    def empty_memory(self, height: int, width: int) -> Memory:
        """Of a camera that has seen nothing yet, for an input of that size, pixels.

        Raises:
            ModelError: a state's size is neither in the file nor in the sidecar.
        """
        return tuple(
            np.zeros(self._state_shape(state, height, width), np.dtype(state.before.dtype)) for state in self.states
        )

    def run(self, counts: Array, memory: Memory) -> tuple[Float32, Memory]:
        """The boxes' output of one window, ``(1, ...)`` as the file has it, and the memory after it.

        Args:
            counts: ``(1, channels, height, width)`` of type ``dtype``.
            memory: from ``empty_memory`` or the last call.

        Raises:
            ModelError: a shape does not fit, or a state comes out in another shape or type than it goes in.
        """
        feeds = {self.counts.name: counts}
        feeds |= {state.before.name: value for state, value in zip(self.states, memory, strict=True)}
        outputs = dict(zip(self._outputs, self._session.run(feeds), strict=True))
        following = tuple(outputs[state.after] for state in self.states)
        for state, old, new in zip(self.states, memory, following, strict=True):
            if new.shape != old.shape or new.dtype != old.dtype:
                raise ModelError(
                    f"{self.path}: state '{state.before.name}' went in as {old.dtype} {old.shape}, and "
                    f"'{state.after}' came out as {new.dtype} {new.shape}; pair inputs and outputs as 'states' in "
                    f"{self._yaml}"
                )
        return outputs[self._boxes], following

    @property
    def _yaml(self) -> str:
        return self.path.with_suffix(".yaml").name

    def _find_counts(self) -> TensorInfo:
        said = {before for before, _ in self.sidecar.state_names}
        others = [info for info in self._session.inputs if info.name not in said]
        if self.sidecar.counts:
            others = [info for info in others if info.name == self.sidecar.counts]
        elif not said:
            others = others[:1]
        channels = 2 * self.sidecar.bins
        if len(others) != 1 or len(others[0].shape) != 4 or others[0].shape[1] not in (None, channels):
            raise ModelError(
                f"{self.path}: expected one input (1, {channels}, height, width) for the counts of {self.sidecar.bins} "
                f"bins, found {_listed(self._session.inputs)}; name it as 'counts', the bins and the 'states' in "
                f"{self._yaml}"
            )
        return others[0]

    def _find_states(self) -> tuple[StatePair, ...]:
        inputs = {info.name: info for info in self._session.inputs if info.name != self.counts.name}
        named = self.sidecar.state_names or tuple(zip(inputs, self._state_outputs(), strict=False))
        missing = [
            *(before for before, _ in named if before not in inputs),
            *(after for _, after in named if after not in self._outputs),
        ]
        if missing or len(named) != len(inputs):
            raise ModelError(
                f"{self.path}: expected an output for each of the states {', '.join(inputs) or 'none'}, found "
                f"{_listed(self._session.outputs)}"
                + (f", and no '{missing[0]}'" if missing else "")
                + f"; pair them as 'states: [INPUT=OUTPUT, ...]' in {self._yaml}"
            )
        strides = self.sidecar.state_strides or (0,) * len(named)
        if len(strides) != len(named):
            raise ModelError(
                f"{self.path}: expected {len(named)} state_strides in {self._yaml}, got {len(strides)}: one a state"
            )
        return tuple(
            StatePair(inputs[before], after, stride) for (before, after), stride in zip(named, strides, strict=True)
        )

    def _state_outputs(self) -> list[str]:
        return [name for name in self._outputs if name != (self.sidecar.boxes or self._outputs[0])]

    def _find_boxes(self) -> str:
        states = {state.after for state in self.states}
        others = [name for name in self._outputs if name not in states]
        if self.sidecar.boxes:
            others = [name for name in others if name == self.sidecar.boxes]
        if len(others) != 1:
            raise ModelError(
                f"{self.path}: expected one output for the boxes, found {_listed(self._session.outputs)}; name it as "
                f"'boxes' in {self._yaml}"
            )
        return others[0]

    def _state_shape(self, state: StatePair, height: int, width: int) -> tuple[int, ...]:
        sizes = [1, None, height, width]
        if state.stride:
            sizes[2:] = [height // state.stride, width // state.stride]
        shape = []
        for axis, size in enumerate(state.before.shape):
            known = size if size is not None else sizes[axis] if len(state.before.shape) == 4 else None
            if known is None or (size is None and axis >= 2 and not state.stride):
                raise ModelError(
                    f"{self.path}: the file does not tell the size of the state {state.before}; say "
                    f"'state_strides' in {self._yaml}, or export it with fixed sizes"
                )
            shape.append(known)
        return tuple(shape)


def _listed(infos: Sequence[TensorInfo]) -> str:
    return ", ".join(map(str, infos)) or "none"
