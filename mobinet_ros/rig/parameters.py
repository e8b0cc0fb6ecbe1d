"""Which parameters a stage knows: those of its settings dataclass and those of its node, so that a rig can be checked
before anything is started."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Collection
from functools import cache
from typing import Any

from mobinet.errors import SettingsError
from mobinet.lined_yaml import LinedDict
from mobinet.settings import check_setting

# stage -> settings dataclasses that its node declares parameters from, as "module:class"; imported when first asked for
_NODE = "mobinet_ros.lifecycle:NodeSettings"
_CAMERAS = "mobinet_ros.lifecycle:CamerasSettings"
_SETTINGS: dict[str, tuple[str, ...]] = {
    "camera": (
        "mobinet.recordings.base:SourceSettings",
        "mobinet.recordings.ptz_window:PtzWindowSettings",
        "mobinet_ros.camera_node:CameraSettings",
    ),
    "event_camera": (
        "mobinet.recordings.event_files.playback:PlaybackSettings",
        "mobinet_ros.event_file_node:EventFileSettings",
    ),
    "detector": ("mobinet.detection:DetectorSettings", _CAMERAS),
    "event_detector": (
        "mobinet.events:EventDetectorSettings",
        "mobinet.events:ClusterSettings",
        "mobinet.events:MoverSettings",
        "mobinet.events.recurrent:RecurrentSettings",
        "mobinet.events:NoiseSettings",
        "mobinet.events:EventChainSettings",
        "mobinet_ros.event_detector_node:EventMotionSettings",
        "mobinet_ros.event_worker:EventCamerasSettings",
    ),
    "event_renderer": (
        "mobinet.events:RenderSettings",
        "mobinet_ros.event_renderer_node:EventRendererSettings",
        "mobinet_ros.event_worker:EventCamerasSettings",
    ),
    "tracker": (
        "mobinet.tracking:TrackerSettings",
        "mobinet.tracking:ImageMotionSettings",
        "mobinet.tracking:LateSettings",
        "mobinet.tracking:FusionSettings",
        "mobinet.sister_camera:SisterSettings",
        "mobinet_ros.sister:SistersSettings",
        "mobinet.reid.embedder:EmbedderSettings",
        "mobinet_ros.picture_motion:CameraMotionSettings",
        "mobinet_ros.detection_looks:LooksSettings",
        _CAMERAS,
    ),
    "reid": ("mobinet.reid.embedder:EmbedderSettings", "mobinet.reid.describer:DescriberSettings", _CAMERAS),
    "gallery": (
        "mobinet.reid.gallery:GallerySettings",
        "mobinet.reid.gallery.recogniser:RecogniserSettings",
        "mobinet_ros.gallery_node:GalleryNodeSettings",
        _CAMERAS,
    ),
    "cooperation": (
        "mobinet_ros.cooperation_node:CooperationSettings",
        "mobinet.cooperation:GroundSettings",
        "mobinet.cooperation:IdentitySettings",
        "mobinet.cooperation:PeerSettings",
        _CAMERAS,
    ),
    "target": (
        "mobinet.targets.settings:TargetSettings",
        "mobinet.targets.occlusion_settings:OcclusionSettings",
        "mobinet.targets.distractors:DistractorSettings",
        "mobinet.targets.history:HistorySettings",
        "mobinet_ros.target_tracker_node:TargetNodeSettings",
        "mobinet_ros.following.chooser:ClickSettings",
        _CAMERAS,
    ),
    "ptz": (
        "mobinet.targets.ptz_settings:PtzSettings",
        "mobinet_ros.ptz.factory:PtzNodeSettings",
        "mobinet_ros.ptz.joint_driver:JointDriverSettings",
        "mobinet_ros.ptz.action_driver:ActionDriverSettings",
        "mobinet_ros.ptz.onvif_driver:OnvifDriverSettings",
    ),
    "overlay": ("mobinet.viewing.overlay:OverlaySettings", "mobinet_ros.overlay_node:OverlayNodeSettings", _CAMERAS),
    "marker": ("mobinet_ros.marker_node:MarkerSettings",),
    "sim": ("mobinet_ros.simulation.settings:SimSettings", "mobinet_ros.simulation.settings:StreamSettings"),
    "viewer": ("mobinet.viewing:RerunSettings", "mobinet_ros.viewer_node:ViewerSettings", _CAMERAS),
}
_BUILT_IN = ("use_sim_time", "start_type_description_service")


def check_parameters(stage: str, section: LinedDict, ignore: Collection[str] = ()) -> None:
    """Checks the parameters that a rig gives to a stage, as far as its settings say.

    Args:
        stage: 'camera', 'event_camera', 'viewer' or one of ``STAGES``.
        section: the rig's mapping.
        ignore: keys that are the rig's own.

    Raises:
        SettingsError: unknown name (with the known ones), wrong type or out of range.
    """
    fields = _fields(stage)
    for key, value in section.items():
        if key in ignore or key.startswith("qos_overrides."):
            continue
        if key not in fields and key not in _BUILT_IN:
            known = sorted({*fields, *ignore})
            raise SettingsError(f"{section.where(key)}: {stage}: unknown key '{key}'; known: {', '.join(known)}")
        _check_plain(section, key, value)
        if key in _BUILT_IN:
            continue
        try:
            check_setting(fields[key], _fit(fields[key], value))
        except SettingsError as error:
            raise SettingsError(f"{section.where(key)}: {stage}: {error}") from None


def known_parameters(stage: str) -> frozenset[str]:
    """Names that a rig may give to a stage, without those that every ROS node has."""
    return frozenset(_fields(stage))


@cache
def _fields(stage: str) -> dict[str, dataclasses.Field[Any]]:
    fields: dict[str, dataclasses.Field[Any]] = {}
    for name in (*_SETTINGS[stage], _NODE):
        module, _, cls = name.partition(":")
        settings = getattr(importlib.import_module(module), cls)
        fields |= {field.name: field for field in dataclasses.fields(settings)}
    return fields


def _fit(field: dataclasses.Field[Any], value: Any) -> Any:
    """As the node will take it: a list is a tuple, whole numbers among floats are floats."""
    return tuple(value) if isinstance(value, list) and isinstance(field.default, tuple) else value


def _check_plain(section: LinedDict, key: str, value: Any) -> None:
    """A ROS parameter is a bool, a number, a text or a list of one of them."""
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, (bool, int, float, str)) for item in items):
        raise SettingsError(
            f"{section.where(key)}: {key}: expected a bool, a number, a text or a list of one of them, got {value!r}"
        )
