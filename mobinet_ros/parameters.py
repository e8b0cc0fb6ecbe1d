"""ROS parameters from settings dataclasses: declared with description and range, refused with the allowed range."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from mobinet.errors import SettingsError
from mobinet.settings import check_setting

S = TypeVar("S")

ARRAY_TYPES = {
    str: Parameter.Type.STRING_ARRAY,
    float: Parameter.Type.DOUBLE_ARRAY,
    int: Parameter.Type.INTEGER_ARRAY,
    bool: Parameter.Type.BOOL_ARRAY,
}
# what every rclpy node may be given besides its own parameters
BUILT_IN = ("use_sim_time", "start_type_description_service", "qos_overrides.")


class SettingsParameters:
    """The parameters of one or more settings dataclasses on one node.

    Args:
        node: whose parameters they are.
        on_change: called with the new settings object after live parameters were set; may raise SettingsError.
    """

    def __init__(self, node: Node, on_change: Callable[[Any], None] | None = None) -> None:
        self._node = node
        self._on_change = on_change
        self._current: dict[type, Any] = {}
        node.add_on_set_parameters_callback(self._on_set)

    def declare(self, cls: type[S]) -> S:
        """Declares each field of ``cls`` and returns the settings with what the user gave.

        Raises:
            SettingsError: a given value is of the wrong type or out of range.
        """
        hints = typing.get_type_hints(cls)
        values = {}
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            values[field.name] = self._declare_field(field, hints[field.name])
        settings = cls(**values)
        self._current[cls] = settings
        return settings

    def misspelt(self) -> list[str]:
        """Given parameters that nobody declared, each with the known names: ROS passes them over in silence."""
        given = self._given()
        known = sorted(field.name for cls in self._current for field in dataclasses.fields(cls))
        unknown = [n for n in given if not self._node.has_parameter(n) and not n.startswith(BUILT_IN)]
        return [f"unknown parameter '{name}' has no effect; known: {', '.join(known)}" for name in unknown]

    def _given(self) -> dict[str, Parameter]:
        """What the user gave, by name. rclpy offers it nowhere: without it, misspelt names go unseen."""
        return getattr(self._node, "_parameter_overrides", {})

    def _declare_field(self, field: dataclasses.Field[Any], hint: Any) -> Any:
        given = self._override(field, hint)
        if given is not None:
            check_setting(field, given)
        descriptor = _descriptor(field)
        if isinstance(field.default, tuple):
            element = typing.get_args(hint)[0]
            self._node.declare_parameter(field.name, ARRAY_TYPES[element], descriptor, ignore_override=True)
            value = field.default if given is None else given
            if value:
                self._node.set_parameters([Parameter(field.name, ARRAY_TYPES[element], list(value))])
            return value
        value = field.default if given is None else given
        self._node.declare_parameter(field.name, value, descriptor, ignore_override=True)
        return value

    def _override(self, field: dataclasses.Field[Any], hint: Any) -> Any:
        """What the user gave, whole numbers made floats where a float is asked for; None for nothing."""
        parameter = self._given().get(field.name)
        if parameter is None:
            return None
        if parameter.type_ == Parameter.Type.NOT_SET:
            # what ROS makes of an empty list
            return () if isinstance(field.default, tuple) else None
        return _fit(field, hint, parameter.value)

    def _on_set(self, parameters: Sequence[Parameter]) -> SetParametersResult:
        """All or nothing: what one stage took over is taken back when another refuses."""
        taken: list[Any] = []
        try:
            changed = self._all_changed(parameters)
            for settings in changed.values():
                if self._on_change is not None:
                    self._on_change(settings)
                taken.append(settings)
        except SettingsError as error:
            for settings in taken:
                if self._on_change is not None:
                    self._on_change(self._current[type(settings)])
            return SetParametersResult(successful=False, reason=str(error))
        self._current.update(changed)
        return SetParametersResult(successful=True)

    def _all_changed(self, parameters: Sequence[Parameter]) -> dict[type, Any]:
        changed = {}
        for cls, current in self._current.items():
            fields = {field.name: field for field in dataclasses.fields(cls)}
            mine = [p for p in parameters if p.name in fields]
            if mine:
                changed[cls] = self._changed(cls, current, fields, mine)
        return changed

    def _changed(
        self, cls: type, current: Any, fields: dict[str, dataclasses.Field[Any]], parameters: list[Parameter]
    ) -> Any:
        hints = typing.get_type_hints(cls)
        changes = {}
        for parameter in parameters:
            field = fields[parameter.name]
            value = _fit(field, hints[field.name], parameter.value)
            check_setting(field, value)
            if not field.metadata.get("live") and value != getattr(current, field.name):
                raise SettingsError(f"{field.name}: cannot change while the node runs; set it at start")
            changes[field.name] = value
        return dataclasses.replace(current, **changes)


def _fit(field: dataclasses.Field[Any], hint: Any, value: Any) -> Any:
    if isinstance(field.default, tuple):
        if not hasattr(value, "__iter__") or isinstance(value, str):
            raise SettingsError(f"{field.name}: expected a list, got {value!r}")
        element = typing.get_args(hint)[0]
        items = tuple(float(item) if element is float and isinstance(item, int) else item for item in value)
        return tuple(item for item in items if item != "")
    if isinstance(field.default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _descriptor(field: dataclasses.Field[Any]) -> ParameterDescriptor:
    metadata = field.metadata
    descriptor = ParameterDescriptor(description=metadata.get("doc", ""))
    low, high = metadata.get("minimum"), metadata.get("maximum")
    if metadata.get("choices") is not None:
        descriptor.additional_constraints = "one of " + ", ".join(map(str, metadata["choices"]))
    if not metadata.get("live"):
        descriptor.additional_constraints = f"{descriptor.additional_constraints} set at start".strip()
    if low is None and high is None:
        return descriptor
    # our own check also covers them, and names the parameter and the range
    if isinstance(field.default, (bool, tuple)):
        return descriptor
    if isinstance(field.default, int):
        limits = (int(low if low is not None else -(2**31)), int(high if high is not None else 2**31 - 1))
        descriptor.integer_range = [IntegerRange(from_value=limits[0], to_value=limits[1], step=0)]
    elif isinstance(field.default, float):
        floats = (float(low if low is not None else -1e308), float(high if high is not None else 1e308))
        descriptor.floating_point_range = [FloatingPointRange(from_value=floats[0], to_value=floats[1], step=0.0)]
    return descriptor
