"""Keeps what ``/tf`` and ``/tf_static`` say in the library's buffer."""

from __future__ import annotations

from functools import partial

from tf2_msgs.msg import TFMessage

from mobinet.errors import MobinetError
from mobinet.transforms import TransformBuffer
from mobinet_ros import topics
from mobinet_ros.conversions import msg_to_transform, stamp_to_ns
from mobinet_ros.lifecycle import StageNode


def listen_to_tf(node: StageNode, buffer: TransformBuffer) -> None:
    """Subscribes both topics, which can be remapped as in nav2; malformed transforms are reported and left out."""
    node.listen(topics.TF_STATIC, partial(_take, node, buffer, True), optional=True)
    node.listen(topics.TF, partial(_take, node, buffer, False), optional=True)


def _take(node: StageNode, buffer: TransformBuffer, static: bool, msg: TFMessage) -> None:
    for transform in msg.transforms:
        try:
            buffer.set_transform(
                transform.header.frame_id,
                transform.child_frame_id,
                stamp_to_ns(transform.header.stamp),
                msg_to_transform(transform),
                static,
            )
        except MobinetError as error:
            node.report("tf", str(error))
