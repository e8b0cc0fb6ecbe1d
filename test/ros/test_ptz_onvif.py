"""The ONVIF driver against a small server: what it sends, what it understands, and what it says when it cannot."""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from lifecycle_msgs.msg import Transition
from mobinet_ros.msg import Target
from sensor_msgs.msg import CameraInfo

from mobinet.camera import CameraModel
from mobinet.errors import SettingsError, SourceError
from mobinet.targets.ptz_base import PtzCommand, PtzState
from mobinet.types import Target as TargetRecord
from mobinet.types import TargetState
from mobinet_ros import topics
from mobinet_ros.conversions import make_header, model_to_camera_info, target_to_msg
from mobinet_ros.ptz.onvif_driver import OnvifCamera, OnvifDriverSettings

pytest.importorskip("onvif", reason="needs onvif-python: pip install 'mobinet[onvif]'")


def _load_server() -> ModuleType:
    path = Path(__file__).with_name("onvif_server.py")
    spec = importlib.util.spec_from_file_location("onvif_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVER = _load_server()


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = SERVER.OnvifServer(**getattr(request, "param", {}))
    yield made
    made.close()


def settings(server: Any, **given: Any) -> OnvifDriverSettings:
    return OnvifDriverSettings(onvif_host="127.0.0.1", onvif_port=server.port, **given)


def command(pan_rate: float, tilt_rate: float, zoom_rate: float) -> PtzCommand:
    return PtzCommand(0, pan_rate, tilt_rate, zoom_rate, PtzState(0, 0.0, 0.0))


def test_rates_and_positions_are_those_of_the_generic_spaces(server: Any) -> None:
    """To the left is -x, up is +y, rates are shares of the fastest and never beyond it."""
    camera = OnvifCamera(settings(server))
    camera.turn(command(math.radians(30), math.radians(6), 5.0))
    assert server.velocities == [pytest.approx((-0.5, 0.1, 1.0))]
    time.sleep(0.3)
    camera.halt()
    state = camera.state(7)
    assert state is not None
    assert state.stamp_ns == 7
    assert 0.02 < state.pan < 0.5
    assert 0.002 < state.tilt < 0.1
    assert 1.0 < state.zoom < 1.5


@pytest.mark.parametrize("server", [{"user": "admin"}], indirect=True)
def test_user_and_password_go_along(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes from the environment; without a user the camera refuses."""
    monkeypatch.setenv("MOBINET_ONVIF_PASSWORD", "secret")
    OnvifCamera(settings(server, onvif_user="admin"))
    with pytest.raises(SourceError, match="MOBINET_ONVIF_PASSWORD"):
        OnvifCamera(settings(server))


@pytest.mark.parametrize("server", [{"with_ptz": False}], indirect=True)
def test_camera_without_ptz_is_named(server: Any) -> None:
    with pytest.raises(SourceError, match="profile with PTZ"):
        OnvifCamera(settings(server))


def test_unknown_profile_and_wrong_range_are_refused(server: Any) -> None:
    with pytest.raises(SourceError, match=r"'sub'.*main"):
        OnvifCamera(settings(server, onvif_profile="sub"))
    with pytest.raises(SettingsError, match="onvif_pan_range_deg"):
        settings(server, onvif_pan_range_deg=(10.0, -10.0))


def test_node_turns_the_camera_and_stops_it(server: Any, graph: Any) -> None:
    """A target to the right: the camera turns to the right, and is told to stop when the node is deactivated."""
    node = graph.node
    targets = node.create_publisher(Target, "/cam/target", topics.TARGET.qos)
    infos = node.create_publisher(CameraInfo, "/cam/camera_info", topics.CAMERA_INFO.qos)
    graph.start_node("ptz_node", namespace="/cam", driver="onvif", onvif_host="127.0.0.1", onvif_port=server.port)

    def turned() -> bool:
        header = make_header(node.get_clock().now().nanoseconds, "optical")
        infos.publish(model_to_camera_info(CameraModel.pinhole(640, 480, 1.0), header))
        record = TargetRecord(0, TargetState.TRACKING, np.array([500.0, 200, 540, 300]), 1.0)
        targets.publish(target_to_msg(record, "", header))
        return server.mount.at(time.monotonic_ns()).pan < -0.05

    assert graph.spin_until(turned), graph.logs()
    assert server.velocities[-1][0] > 0
    assert server.calls["GetStatus"] > 0
    before = server.calls["Stop"]
    assert graph.change_state("/cam/ptz_node", Transition.TRANSITION_DEACTIVATE), graph.logs()
    assert graph.spin_until(lambda: server.calls["Stop"] > before), graph.logs()


def test_camera_that_is_away_is_reported(graph: Any) -> None:
    said = graph.said_by("/cam/ptz_node")
    graph.start_node("ptz_node", namespace="/cam", driver="onvif", onvif_host="127.0.0.1", onvif_port=9)
    assert graph.spin_until(lambda: any("127.0.0.1:9" in text for text in said())), graph.logs()
