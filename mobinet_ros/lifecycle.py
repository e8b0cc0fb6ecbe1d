"""The base of every node: managed life cycle with autostart, parameters, health, subscriptions that never kill it."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rclpy._rclpy_pybind11 import RCLError
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.publisher import Publisher
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.service import Service
from rclpy.subscription import Subscription
from rclpy.timer import Timer
from std_msgs.msg import Header

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

from mobinet.errors import InputError, MobinetError, SettingsError
from mobinet.settings import check_settings, setting
from mobinet.types import Image
from mobinet_ros import topics
from mobinet_ros.conversions import stamp_to_ns
from mobinet_ros.health import Health
from mobinet_ros.image_conversions import compressed_msg_to_image, msg_to_image
from mobinet_ros.image_hub import ImageCallback, ImageHub, ImageListener
from mobinet_ros.parameters import SettingsParameters

OWN_NAMESPACE = ""
NO_CLOCK = (
    "use_sim_time is set and /clock never came: wait for the simulated world to begin, play the bag with --clock, or "
    "unset use_sim_time"
)


@dataclass(frozen=True)
class NodeSettings:
    """What every node has."""

    autostart: bool = setting(True, "configure and activate at start, without a lifecycle manager")

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class CamerasSettings:
    """Which cameras a node serves."""

    cameras: tuple[str, ...] = setting((), "namespaces of the cameras, relative to the node's; none: its own namespace")
    image_transport: str = setting("raw", "how images are taken in", choices=("raw", "compressed"))

    def __post_init__(self) -> None:
        check_settings(self)
        doubled = sorted({c for c in self.cameras if self.cameras.count(c) > 1})
        if doubled:
            raise SettingsError(f"cameras: '{doubled[0]}' is named twice")

    def names(self) -> tuple[str, ...]:
        return self.cameras or (OWN_NAMESPACE,)


class StageNode(LifecycleNode):
    """A managed node. Subclasses override ``configure``, ``activate``, ``deactivate``, ``cleanup`` and ``reconfigure``.

    Args:
        name: of the node, also the stem of its file and executable.
        cli_args: ROS arguments of this node alone (a composed process); None takes the process's.
        hub: of the process, when it holds other nodes; None for a process of its own.
    """

    def __init__(self, name: str, cli_args: Sequence[str] | None = None, hub: ImageHub | None = None) -> None:
        super().__init__(name, cli_args=cli_args, use_global_arguments=cli_args is None)
        self.hub = hub or ImageHub()
        # input is handled in one thread, services in another: a transition must not empty what a callback uses
        self._lock = threading.RLock()
        # a group that excludes would let one thread wait without what the other is just executing, for ever
        self._group = ReentrantCallbackGroup()
        self.health = Health(self)
        self.parameters = SettingsParameters(self, self._reconfigure_locked)
        self._failure = ""
        self._state = "unconfigured"
        self._publishers_made: list[Publisher] = []
        self._subscriptions_made: list[Subscription] = []
        self._services_made: list[Service] = []
        self._image_inputs: list[tuple[str, ImageListener]] = []
        self._diagnostics = self.create_publisher(topics.DIAGNOSTICS.type, topics.DIAGNOSTICS.name, 10)
        # by the wall clock: a node whose simulated time does not run must be able to say so
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0, self._locked(self._publish_diagnostics), callback_group=self._group, clock=steady)
        self._autostart = self.parameters.declare(NodeSettings).autostart

    # what a subclass does

    def configure(self) -> None:
        """Load what is needed, create publishers and subscriptions; MobinetError keeps the node unconfigured."""

    def activate(self) -> None:
        """Begin."""

    def deactivate(self) -> None:
        """Pause."""

    def cleanup(self) -> None:
        """Release what ``configure`` made beyond publishers and subscriptions."""

    def reconfigure(self, settings: Any) -> None:
        """Take over changed live settings; SettingsError refuses them."""

    def _reconfigure_locked(self, settings: Any) -> None:
        with self._lock:
            self.reconfigure(settings)

    # life cycle

    def start(self) -> None:
        """Reports misspelt parameters and, with autostart, configures and activates. Call once, after construction."""
        for complaint in self.parameters.misspelt():
            self.report("parameter", complaint)
        if not self._autostart:
            self.get_logger().info("waits for a lifecycle manager (autostart is false)")
            return
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    @property
    def active(self) -> bool:
        return self._state == "active"

    @property
    def robot(self) -> str:
        """The robot's name as the namespace gives it: its last part."""
        return str(self.get_namespace().strip("/").rpartition("/")[2])

    @property
    def now_ns(self) -> int:
        return int(self.get_clock().now().nanoseconds)

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(self.configure, "inactive", undo=self._release)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(self.activate, "active", undo=self.deactivate)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(self.deactivate, "inactive")

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(self._release, "unconfigured")

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        with self._lock:
            self._stop()
            return self._transition(self._release, "finalized")

    def close(self) -> None:
        """Stops threads and destroys the node; safe to call in any state."""
        with self._lock:
            self._stop()
            self._release()
        self.destroy_node()

    def _stop(self) -> None:
        if self.active:
            self._state = "inactive"
            self.deactivate()

    def _transition(
        self, work: Callable[[], None], reached: str, undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        with self._lock:
            return self._locked_transition(work, reached, undo)

    def _locked_transition(
        self, work: Callable[[], None], reached: str, undo: Callable[[], None] | None
    ) -> TransitionCallbackReturn:
        # first, so that what activate() sends goes out and what deactivate() still receives is dropped
        previous, self._state = self._state, reached
        try:
            work()
        except Exception as error:  # whatever it is, the node stays in its state and says why
            self._state = previous
            self._failure = str(error) if isinstance(error, MobinetError) else traceback.format_exc()
            self.get_logger().error(self._failure)
            if undo is not None:
                undo()
            return TransitionCallbackReturn.FAILURE
        self._failure = ""
        return TransitionCallbackReturn.SUCCESS

    def _release(self) -> None:
        """Undoes ``configure``: what the subclass holds, then publishers, subscriptions and shared images."""
        self.cleanup()
        for topic, listener in self._image_inputs:
            self.hub.forget(topic, listener)
        for subscription in self._subscriptions_made:
            self.destroy_subscription(subscription)
        for publisher in self._publishers_made:
            self.destroy_publisher(publisher)
        for service in self._services_made:
            self.destroy_service(service)
        self._image_inputs.clear()
        self._services_made.clear()
        self._subscriptions_made.clear()
        self._publishers_made.clear()
        self.health.inputs.clear()

    # topics

    def advertise(self, topic: topics.Topic, name: str | None = None) -> Publisher:
        """A publisher for ``send``; destroyed with ``cleanup``."""
        options = QoSOverridingOptions.with_default_policies()
        publisher = self.create_publisher(topic.type, name or topic.name, topic.qos, qos_overriding_options=options)
        self._publishers_made.append(publisher)
        return publisher

    def listen(
        self, topic: topics.Topic, callback: Callable[[Any], None], name: str | None = None, optional: bool = False
    ) -> None:
        """Subscribes; input is dropped while inactive (unless latched), an error of the library is reported."""
        resolved = self.resolve_topic_name(name or topic.name)
        health = self.health.input(resolved, topic.qos, optional)
        # what is sent once must not be lost to a node that is activated later
        latched = topic.latched

        def receive(msg: Any) -> None:
            with self._lock:
                if self.active or latched:
                    header = getattr(msg, "header", None)
                    now = self.now_ns
                    stamp_ns = stamp_to_ns(header.stamp) if header is not None else now
                    health.note(now, stamp_ns if stamp_ns or topic.stamped else now)
                    self.guarded(callback, msg)

        self._subscribe(topic, name or topic.name, receive)

    def listen_images(self, camera: str, transport: str, callback: ImageCallback) -> None:
        """Images of a camera, from this process's memory where possible; ``callback(header, image)``."""
        topic = topics.IMAGE_IN if transport == "raw" else topics.COMPRESSED_IN
        name = topics.camera_topic(camera, topic)
        hub_topic = self.resolve_topic_name(topics.camera_topic(camera, topics.IMAGE_IN))
        health = self.health.input(hub_topic if transport == "raw" else self.resolve_topic_name(name), topic.qos)

        def receive(header: Header, image: Image) -> None:
            with self._lock:
                if self.active:
                    health.note(self.now_ns, stamp_to_ns(header.stamp))
                    self.guarded(callback, header, image)

        def refuse(reason: str) -> None:
            health.note(self.now_ns, self.now_ns)
            self.health.count("dropped_bad_input")
            self.report("image", reason)

        convert = msg_to_image if transport == "raw" else compressed_msg_to_image

        def take(msg: Any) -> None:
            try:
                image = convert(msg)
            except InputError as error:
                self.hub.refuse(hub_topic, f"{name}: {error}")
                return
            self.hub.hand_over(hub_topic, msg.header, image)

        # for every listener of this process, whatever this node's own state
        listener = ImageListener(receive, refuse, lambda: self._subscribe(topic, name, partial(self.guarded, take)))
        self._image_inputs.append((hub_topic, listener))
        self.hub.listen(hub_topic, listener)

    def _subscribe(self, topic: topics.Topic, name: str, receive: Callable[[Any], None]) -> None:
        subscription = self.create_subscription(
            topic.type,
            name,
            receive,
            topic.qos,
            # health says why nothing comes, on /diagnostics; an event handler for each subscription slows every wait
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            callback_group=self._group,
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )
        self._subscriptions_made.append(subscription)

    def serve(self, service_type: Any, name: str, callback: Callable[[Any, Any], Any]) -> None:
        """Answers a service, never together with the node's other callbacks; destroyed with ``cleanup``.

        Args:
            callback: of request and response to the response; must handle its own errors.
        """

        def answer(request: Any, response: Any) -> Any:
            with self._lock:
                return callback(request, response)

        self._services_made.append(self.create_service(service_type, name, answer, callback_group=self._group))

    def every(self, seconds: float, work: Callable[[], None]) -> Timer:
        """Calls ``work`` periodically, in the node's time, never together with its other callbacks."""
        return self.create_timer(seconds, self._locked(work), callback_group=self._group)

    def _locked(self, work: Callable[[], None]) -> Callable[[], None]:
        def locked() -> None:
            with self._lock:
                self.guarded(work)

        return locked

    @staticmethod
    def is_wanted(publisher: Publisher) -> bool:
        """Whether anybody listens: what nobody wants need not be made."""
        return int(publisher.get_subscription_count()) > 0

    def send(self, publisher: Publisher, msg: Any) -> None:
        """Publishes while active; a middleware that is overrun costs this message, not the node."""
        if not self.active:
            return
        try:
            publisher.publish(msg)
        except RCLError as error:
            self.health.count("publish_failed")
            self.report("publish", f"{publisher.topic_name}: {error}; the middleware is overrun, the message is lost")

    def guarded(self, work: Callable[..., Any], *args: Any) -> None:
        """Runs ``work``; an error drops this input and is reported. No message from outside may end a robot."""
        try:
            work(*args)
        except InputError as error:
            self.health.count("dropped_bad_input")
            self.report(type(error).__name__, str(error))
        except MobinetError as error:
            self.health.count("errors")
            self.report(type(error).__name__, str(error))
        except Exception as error:  # a mistake of ours, which the log must show whole
            self.health.count("unexpected_errors")
            self.report(type(error).__name__, traceback.format_exc())

    def report(self, key: str, message: str) -> None:
        """Logs a problem once while it lasts; it stays on /diagnostics meanwhile."""
        if self.health.problem(key, message):
            self.get_logger().warning(message)

    def _publish_diagnostics(self) -> None:
        self._check_name()
        waits_for_clock = self.get_clock().ros_time_is_active and self.now_ns == 0
        self._diagnostics.publish(
            self.health.status(self._state, self._failure or (NO_CLOCK if waits_for_clock else ""))
        )

    def _check_name(self) -> None:
        """Two nodes with one name share services and parameters: ROS only warns at start, and only one of them."""
        own = (self.get_name(), self.get_namespace())
        if self.get_node_names_and_namespaces().count(own) > 1:
            self.report("name", f"another node is called {self.get_fully_qualified_name()}: rename one (__node:=NAME)")
