"""Which family a network belongs to, and what its classes are called."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np

from mobinet.detection.coco import COCO_80, COCO_91
from mobinet.detection.detr import DetrHead, DetrSoftmaxHead, RtDetrHead
from mobinet.detection.fastestdet import FastestDetHead
from mobinet.detection.head import Head, Signature
from mobinet.detection.network_input import NetworkInput
from mobinet.detection.sidecar import Sidecar
from mobinet.detection.ssd import SsdHead
from mobinet.detection.yolo import Yolo5Head, Yolo8Head, YoloFinishedHead
from mobinet.detection.yolox import YoloxHead
from mobinet.errors import ModelError, SettingsError
from mobinet.models.session import Session

# In this order: a network belongs to the first family that recognises it.
HEADS: tuple[type[Head], ...] = (
    FastestDetHead,
    RtDetrHead,
    SsdHead,
    DetrHead,
    DetrSoftmaxHead,
    YoloxHead,
    Yolo5Head,
    Yolo8Head,
    YoloFinishedHead,
)


def signature_of(session: Session, network_input: NetworkInput) -> Signature:
    """Runs the network once, since files with open sizes do not tell the shapes of their outputs.

    Raises:
        ModelError: the run fails.
    """
    blank = np.zeros((network_input.batch or 1, 3, network_input.height, network_input.width), np.float32)
    outputs = session.run(network_input.feeds(blank))
    return Signature(
        network_input.height,
        network_input.width,
        tuple(info.name for info in session.inputs),
        tuple(info.name for info in session.outputs),
        tuple(output.shape for output in outputs),
        session.metadata,
    )


def takes_batches(session: Session, network_input: NetworkInput) -> bool:
    """Whether a network of open batch size really answers two images with two results; many exports do not."""
    blank = np.zeros((2, 3, network_input.height, network_input.width), np.float32)
    try:
        outputs = session.run(network_input.feeds(blank))
    except ModelError:
        return False
    return all(output.ndim > 0 and len(output) == len(blank) for output in outputs)


def head_of(path: Path, signature: Signature, name: str) -> Head:
    """The head called ``name``, or the first that recognises the network when empty.

    Raises:
        SettingsError: no head of that name.
        ModelError: the outputs do not fit that head, or any.
    """
    families = {head.name: head for head in HEADS}
    if name and name not in families:
        raise SettingsError(f"{path.with_suffix('.yaml')}: head: '{name}' is not one of {', '.join(families)}")
    if name and not families[name].fits(signature):
        raise ModelError(f"{path}: head '{name}' expects {families[name].expects}; found {signature}")
    for head in (families[name],) if name else HEADS:
        if name or head.recognises(signature):
            return head(signature)
    known = "; ".join(f"{head.name}: {head.expects}" for head in HEADS)
    raise ModelError(
        f"{path}: no known family of detectors has such outputs: {signature}; known are {known}; "
        f"if it is one of them, say so with 'head: NAME' in {path.with_suffix('.yaml').name}"
    )


def class_names_of(path: Path, sidecar: Sidecar, signature: Signature, count: int | None) -> tuple[str, ...]:
    """Names by class id: from the YAML file, the metadata, ``STEM.names``, or COCO's for 80 or 91 classes.

    Args:
        count: how many classes the outputs have, ``None`` if they do not tell.

    Raises:
        ModelError: another number of names than classes, or no names at all.
    """
    beside = path.with_suffix(".names")
    if sidecar.class_names:
        names, where = sidecar.class_names, path.with_suffix(".yaml").name
    elif signature.metadata.get("names"):
        names, where = _names_from_metadata(path, signature.metadata["names"]), "its metadata"
    elif beside.is_file():
        lines = beside.read_text(encoding="utf-8").splitlines()
        names, where = tuple(line.strip() for line in lines if line.strip()), beside.name
    elif count in (80, None):
        names, where = COCO_80, "COCO"
    elif count == len(COCO_91):
        names, where = COCO_91, "COCO"
    else:
        raise ModelError(
            f"{path}: the network has {count} classes without names: list them as 'class_names' in "
            f"{path.with_suffix('.yaml').name}, or one a line in {beside.name}"
        )
    if count is not None and len(names) != count:
        raise ModelError(f"{path}: the network has {count} classes, {where} has {len(names)} names; correct the names")
    return names


def _names_from_metadata(path: Path, text: str) -> tuple[str, ...]:
    """Exporters write ``{0: 'person', ...}`` or ``['person', ...]`` as Python would print it."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        value = None
    if isinstance(value, dict) and sorted(value) == list(range(len(value))):
        value = [value[index] for index in range(len(value))]
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ModelError(
            f"{path}: its metadata 'names' is {text[:80]!r}, expected a list or numbered names; "
            f"list them as 'class_names' in {path.with_suffix('.yaml').name}"
        )
    return tuple(value)
