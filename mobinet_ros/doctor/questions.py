"""Asks nodes over their services: lifecycle state and parameters. A node that hangs costs nothing but its answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lifecycle_msgs.srv import GetState
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters, ListParameters
from rclpy.node import Node as RosNode


class Questions:
    """Service calls in flight; each is sent as soon as its server is in sight.

    Args:
        node: the doctor's.
    """

    def __init__(self, node: RosNode) -> None:
        self._node = node
        self._unsent: list[tuple[Any, Any, Callable[[Any], None]]] = []
        self._sent: list[Any] = []

    @property
    def open(self) -> bool:
        """Whether an answer is outstanding."""
        return bool(self._unsent) or any(not future.done() for future in self._sent)

    def ask(self, kind: Any, service: str, request: Any, take: Callable[[Any], None]) -> None:
        """Calls ``take`` with the response when it comes."""
        self._unsent.append((self._node.create_client(kind, service), request, take))

    def send(self) -> None:
        """Sends what can be sent; to be called now and then."""
        waiting = self._unsent
        self._unsent = []
        for client, request, take in waiting:
            if not client.service_is_ready():
                self._unsent.append((client, request, take))
                continue
            future = client.call_async(request)
            future.add_done_callback(partial(_hand_on, take))
            self._sent.append(future)


def _hand_on(take: Callable[[Any], None], future: Any) -> None:
    if future.exception() is None and future.result() is not None:
        take(future.result())


class NodeAnswers:
    """What is known of each node; fills while the doctor spins.

    ``lifecycle`` has '' for a managed node that has not answered yet; ``parameters`` has those of interest.
    """

    def __init__(self, questions: Questions) -> None:
        self._questions = questions
        self._asked: set[tuple[str, str]] = set()
        self.lifecycle: dict[str, str] = {}
        self.parameters: dict[str, dict[str, Any]] = {}

    def ask(self, node: str, services: dict[str, list[str]]) -> None:
        """Asks a node once for all that its services (name to types) offer."""
        if "lifecycle_msgs/srv/GetState" in services.get(f"{node}/get_state", ()) and self._first(node, "state"):
            self.lifecycle[node] = ""
            self._questions.ask(GetState, f"{node}/get_state", GetState.Request(), partial(self._take_state, node))
        has_parameters = f"{node}/list_parameters" in services and f"{node}/get_parameters" in services
        if has_parameters and self._first(node, "parameters"):
            request = ListParameters.Request(depth=ListParameters.Request.DEPTH_RECURSIVE)
            take = partial(self._take_names, node)
            self._questions.ask(ListParameters, f"{node}/list_parameters", request, take)

    def _first(self, node: str, about: str) -> bool:
        is_first = (node, about) not in self._asked
        self._asked.add((node, about))
        return is_first

    def _take_state(self, node: str, response: Any) -> None:
        self.lifecycle[node] = response.current_state.label

    def _take_names(self, node: str, response: Any) -> None:
        names = [name for name in response.result.names if name == "use_sim_time" or is_model(name)]
        if names:
            request = GetParameters.Request(names=names)
            take = partial(self._take_values, node, names)
            self._questions.ask(GetParameters, f"{node}/get_parameters", request, take)

    def _take_values(self, node: str, names: list[str], response: Any) -> None:
        known = self.parameters.setdefault(node, {})
        for name, value in zip(names, response.values):  # noqa: B905 - an undeclared one shortens the answer
            if value.type == ParameterType.PARAMETER_BOOL:
                known[name] = value.bool_value
            elif value.type == ParameterType.PARAMETER_STRING:
                known[name] = value.string_value


def is_model(parameter: str) -> bool:
    """Whether a parameter names a network's file: 'model', 'detector.model', 'reid_model_file', 'network'."""
    return parameter.rsplit(".", 1)[-1].endswith(("model", "model_path", "model_file", "network"))


def is_missing_file(value: str) -> bool:
    """Whether a model parameter is a path to a file that is not here; a bare name means an entry of the zoo."""
    path = Path(value).expanduser()
    return (path.suffix == ".onnx" or "/" in value) and not path.exists()
