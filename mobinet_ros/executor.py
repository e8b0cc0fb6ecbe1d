"""Spins nodes with subscriptions apart from services and timers.

rclpy gathers every entity of every node before each wait. A managed node has a dozen services that are called once a
day, and a process with all nodes of a robot has ten such nodes: for each image the gathering took longer than the work.
So subscriptions are waited for by one thread, and everything else by another. Entities of both kinds must not share a
mutually exclusive callback group: StageNode gives its own a reentrant one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.subscription import Subscription

# a signal, or a subscription that is made while the thread waits, is noticed after at most this time
LONGEST_WAIT_S = 0.5


class _SubscriptionsOf:
    """What an executor asks a node for, with nothing but the node's subscriptions."""

    timers = clients = services = guards = waitables = ()

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def subscriptions(self) -> Iterable[Subscription]:
        return self._node.subscriptions  # type: ignore[no-any-return]


class _SubscriptionExecutor(SingleThreadedExecutor):
    """Waits for subscriptions alone. It never owns the nodes: the other executor does."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._watched = [_SubscriptionsOf(node) for node in nodes]
        super().__init__(context=nodes[0].context)

    def get_nodes(self) -> list[Any]:
        return self._watched


class _ServiceExecutor(SingleThreadedExecutor):
    """Everything but subscriptions."""

    def can_execute(self, entity: Any) -> bool:
        return not isinstance(entity, Subscription) and super().can_execute(entity)


def spin(nodes: Sequence[Node], stopping: threading.Event) -> None:
    """Spins the nodes, all of one context, until ``stopping`` is set or a callback raises.

    Subscription callbacks run in the caller's thread; timers, services and parameter callbacks in another.

    Raises:
        ExternalShutdownException: the context was shut down.
        Exception: whatever a callback raised, in either thread.
    """
    services = _ServiceExecutor(context=nodes[0].context)
    subscriptions = _SubscriptionExecutor(nodes)
    for node in nodes:
        services.add_node(node)
    failures: list[BaseException] = []
    thread = threading.Thread(target=_spin_services, args=(services, failures), name="services", daemon=True)
    thread.start()
    try:
        while not failures and not stopping.is_set():
            subscriptions.spin_once(timeout_sec=LONGEST_WAIT_S)
        if failures:
            raise failures[0]
    finally:
        services.shutdown(timeout_sec=1.0)
        subscriptions.shutdown(timeout_sec=1.0)
        thread.join(timeout=2.0)


def _spin_services(executor: SingleThreadedExecutor, failures: list[BaseException]) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        return
    except BaseException as error:
        failures.append(error)
