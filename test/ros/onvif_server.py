"""A camera that speaks enough of ONVIF to be turned: SOAP over http.server, with a mount behind it."""

from __future__ import annotations

import math
import re
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from mobinet.targets.ptz_mount import PtzMount, PtzMountSettings

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl"
 xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tptz="http://www.onvif.org/ver20/ptz/wsdl"
 xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>{}</s:Body></s:Envelope>"""
FAULT = """<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>
<s:Reason><s:Text xml:lang="en">Not authorised</s:Text></s:Reason></s:Fault>"""
SERVICES = {
    "http://www.onvif.org/ver10/device/wsdl": "device",
    "http://www.onvif.org/ver10/media/wsdl": "media",
    "http://www.onvif.org/ver20/ptz/wsdl": "ptz",
}
FASTEST_RAD, ZOOM, ZOOM_RATE = math.radians(60), 10.0, 0.5


class OnvifServer:
    """Answers on a port of its own until it is closed.

    Args:
        user: that requests must name; empty for no check.
    """

    def __init__(self, user: str = "", with_ptz: bool = True) -> None:
        limits = (-180.0, 180.0)
        self.mount = PtzMount(PtzMountSettings(pan_limits_deg=limits, zoom_limits=(1.0, ZOOM), watchdog=1.0))
        self.calls: Counter[str] = Counter()
        self.velocities: list[tuple[float, float, float]] = []
        self._user, self._with_ptz = user, with_ptz
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                status, answer = server.answer(text)
                body = ENVELOPE.format(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, text: str) -> tuple[int, str]:
        found = re.search(r"Body[^>]*>\s*<(?:\w+:)?(\w+)", text)
        name = found.group(1) if found else ""
        self.calls[name] += 1
        if self._user and f">{self._user}<" not in text:
            return 400, FAULT
        return 200, {
            "GetServices": self._services,
            "GetProfiles": self._profiles,
            "GetStatus": self._status,
            "ContinuousMove": lambda: self._move(text),
            "Stop": self._stop,
        }[name]()

    def _services(self) -> str:
        rows = "".join(
            f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace><tds:XAddr>http://127.0.0.1:{self.port}/onvif/{path}"
            "</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>0</tt:Minor></tds:Version></tds:Service>"
            for namespace, path in SERVICES.items()
        )
        return f"<tds:GetServicesResponse>{rows}</tds:GetServicesResponse>"

    def _profiles(self) -> str:
        ptz = (
            '<tt:PTZConfiguration token="p0"><tt:Name>ptz</tt:Name><tt:UseCount>1</tt:UseCount>'
            "<tt:NodeToken>n0</tt:NodeToken></tt:PTZConfiguration>"
            if self._with_ptz
            else ""
        )
        return (
            '<trt:GetProfilesResponse><trt:Profiles token="main" fixed="true"><tt:Name>main</tt:Name>'
            f"{ptz}</trt:Profiles></trt:GetProfilesResponse>"
        )

    def _status(self) -> str:
        state = self.mount.at(time.monotonic_ns())
        x, y = -state.pan / math.pi, state.tilt / (math.pi / 2)
        zoom = (state.zoom - 1) / (ZOOM - 1)
        return (
            f'<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position><tt:PanTilt x="{x}" y="{y}"/>'
            f'<tt:Zoom x="{zoom}"/></tt:Position><tt:UtcTime>2026-01-01T00:00:00Z</tt:UtcTime>'
            "</tptz:PTZStatus></tptz:GetStatusResponse>"
        )

    def _move(self, text: str) -> str:
        turn = re.search(r'PanTilt[^>]*x="([^"]+)"[^>]*y="([^"]+)"', text)
        zoom = re.search(r'Zoom[^>]*x="([^"]+)"', text)
        assert turn is not None
        assert zoom is not None
        x, y, z = float(turn.group(1)), float(turn.group(2)), float(zoom.group(1))
        self.velocities.append((x, y, z))
        now_ns = time.monotonic_ns()
        self.mount.at(now_ns)
        self.mount.turn(now_ns, -x * FASTEST_RAD, y * FASTEST_RAD, z * ZOOM_RATE)
        return "<tptz:ContinuousMoveResponse/>"

    def _stop(self) -> str:
        now_ns = time.monotonic_ns()
        self.mount.at(now_ns)
        self.mount.turn(now_ns, 0.0, 0.0, 0.0)
        return "<tptz:StopResponse/>"
