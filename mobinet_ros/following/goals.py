"""An action server whose goals last until somebody says how they ended, without a thread or a coroutine for each.

rclpy runs the execution of a goal in the thread that answers services: one that lasts as long as its goal would hold up
all of them, and a coroutine that waits makes Jazzy's executor spin without pause. Here a goal is executing from its
acceptance on, and its "execution" is its end alone.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import RCLError, ServerGoalHandle
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node


class LastingGoals(ActionServer):
    """Accepts goals while it is open; each lasts until ``finish``.

    Args:
        node: whose action it is.
        action_type: made by rosidl.
        name: of the action.
        group: of callbacks.
        is_open: whether goals are accepted now.
        begin: called with each new goal, in the thread of services.
        cancel: called with a goal that its client cancels; ``finish`` is to follow.
    """

    def __init__(
        self,
        node: Node,
        action_type: type,
        name: str,
        group: CallbackGroup,
        is_open: Callable[[], bool],
        begin: Callable[[ServerGoalHandle], None],
        cancel: Callable[[ServerGoalHandle], None],
    ) -> None:
        self._open: dict[bytes, ServerGoalHandle] = {}

        def answer(_request: Any) -> GoalResponse:
            return GoalResponse.ACCEPT if is_open() else GoalResponse.REJECT

        def accept(goal: ServerGoalHandle) -> None:
            goal.execute()
            self._open[_key(goal)] = goal
            begin(goal)

        def accept_cancel(goal: ServerGoalHandle) -> CancelResponse:
            cancel(goal)
            return CancelResponse.ACCEPT

        super().__init__(
            node,
            action_type,
            name,
            execute_callback=accept,  # never called: notify_execute passes goals without a conclusion over
            callback_group=group,
            goal_callback=answer,
            handle_accepted_callback=accept,
            cancel_callback=accept_cancel,
        )

    def notify_execute(self, goal: ServerGoalHandle, conclude: Callable[[ServerGoalHandle], Any] | None) -> None:
        """What rclpy calls when a goal begins to execute: nothing is to be run until it ends."""
        if conclude is not None:
            super().notify_execute(goal, conclude)

    def open_goals(self) -> list[ServerGoalHandle]:
        """Those that were accepted and not finished."""
        return list(self._open.values())

    def finish(self, goal: ServerGoalHandle, result: Any, succeeded: bool = False) -> None:
        """Ends a goal, from any thread: cancelled if its client asked for that, else succeeded or aborted.

        In the thread of services, behind a request to cancel that is being answered there. A second time does nothing.
        """
        if self._open.pop(_key(goal), None) is not None:
            self.notify_execute(goal, partial(_conclude, result=result, succeeded=succeeded))

    def finish_now(self, goal: ServerGoalHandle, result: Any) -> None:
        """The same before this returns, not succeeded; for the end of the node, behind which nothing is answered."""
        if self._open.pop(_key(goal), None) is None:
            return
        ending = self._execute_goal(partial(_conclude, result=result, succeeded=False), goal)
        try:
            ending.send(None)
        except StopIteration:
            return


def _key(goal: ServerGoalHandle) -> bytes:
    return bytes(goal.goal_id.uuid)


def _conclude(goal: ServerGoalHandle, result: Any, succeeded: bool) -> Any:
    if goal.is_cancel_requested:
        goal.canceled()
    elif succeeded:
        goal.succeed()
    else:
        goal.abort()
    return result


__all__ = ["LastingGoals", "RCLError", "ServerGoalHandle"]
