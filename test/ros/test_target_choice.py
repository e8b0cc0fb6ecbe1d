"""What a choice means: the right box of the right image, and one reason where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.camera import CameraModel
from mobinet.errors import InputError
from mobinet.geometry import OPTICAL2BODY, Transform
from mobinet.transforms import TransformBuffer
from mobinet.types import Identity, TrackKey
from mobinet_ros.following.camera_memory import CameraMemory
from mobinet_ros.following.chooser import TargetChooser, to_seen

BLACK = np.zeros((240, 320, 3), np.uint8)
SECOND = 10**9
# track 5 walks to the right; 6 stands far behind it and to the right
BOX_5, BOX_6 = (100.0, 60, 140, 180), (125.0, 90, 137, 120)


def make_identity(identity_id: str, *tracks: TrackKey) -> Identity:
    still, eye = np.zeros(3), np.eye(3)
    return Identity(identity_id, ("old",), "person", 0.9, still, eye, still, eye, tracks, 0, SECOND)


@pytest.fixture
def memories() -> dict[str, CameraMemory]:
    """Two cameras with images of 1, 2 and 3 s; the tracks of the third second have not come yet."""
    model = CameraModel.pinhole(320, 240, np.radians(90))
    made = {name: CameraMemory(name, 3, model=model) for name in ("front", "rear")}
    for name, memory in made.items():
        for second in (1, 2, 3):
            memory.add_image(second * SECOND, f"r1/{name}_optical", BLACK)
    front = made["front"]
    for second in (1, 2):
        shifted = np.array(BOX_5) + (second - 2) * np.array([10, 0, 10, 0])
        front.add_boxes(front.tracks, second * SECOND, to_seen([shifted, BOX_6], [5, 6]))
    return made


@pytest.fixture
def chooser(memories: dict[str, CameraMemory]) -> TargetChooser:
    """The robot stands in the map's origin; front looks along x, rear along -x; tf is known until 2 s."""
    transforms = TransformBuffer()
    for name, yaw in (("front", 0.0), ("rear", np.pi)):
        optical2map = Transform.from_euler(0, 0, yaw, np.array([0, 0, 1.0])) @ OPTICAL2BODY
        for second in (0, 2):
            transforms.set_transform("map", f"r1/{name}_optical", second * SECOND, optical2map)
    made = TargetChooser("r1", memories, transforms)
    shown, elsewhere = TrackKey("r1", "front", 5), TrackKey("r2", "front", 5)
    made.hear_identities(2 * SECOND, [make_identity("anna", elsewhere, shown), make_identity("bert", elsewhere)])
    return made


@pytest.mark.parametrize(
    ("stamp_ns", "taken"),
    [
        (0, 3 * SECOND),  # the newest
        (2 * SECOND, 2 * SECOND),  # that one
        (2_900_000_000, 2 * SECOND),  # what was shown then
        (9 * SECOND, 3 * SECOND),  # a click is stamped with the time of the click
    ],
)
def test_a_box_begins_in_the_image_that_was_shown(chooser: TargetChooser, stamp_ns: int, taken: int) -> None:
    assert chooser.by_box("rear", stamp_ns, np.array([1.0, 2, 30, 40])).stamp_ns == taken


def test_a_track_begins_where_it_was_seen_last_and_knows_its_identity(chooser: TargetChooser) -> None:
    chosen = chooser.by_track("front", 0, "5")
    assert (chosen.stamp_ns, chosen.name, chosen.identity) == (2 * SECOND, "5", "anna")
    assert chosen.box == pytest.approx(BOX_5)
    assert chooser.by_track("front", SECOND, "5").box[0] == 90  # in the image that the user saw


def test_an_identity_is_looked_for_in_all_cameras_of_this_robot(chooser: TargetChooser) -> None:
    chosen = chooser.by_identity("", "old")  # an alias, as identities merge
    assert (chosen.camera, chosen.name, chosen.identity) == ("front", "old", "anna")


@pytest.mark.parametrize(
    ("pixel", "name"),
    [
        ((110, 100), "5"),  # inside one
        ((130, 100), "6"),  # inside both: the smaller one
        ((145, 170), "5"),  # beside it, within 5 % of the width
        ((250, 100), ""),  # far from all
    ],
)
def test_a_pixel_means_what_is_under_it_or_near(chooser: TargetChooser, pixel: tuple[int, int], name: str) -> None:
    chosen = chooser.by_pixel("front", 2 * SECOND, np.array(pixel, np.float64))
    assert chosen.name == name
    if not name:
        assert chosen.box == pytest.approx([232, 82, 268, 118])  # 15 % of the height around it


def test_detections_serve_where_there_are_no_tracks(chooser: TargetChooser, memories: dict[str, CameraMemory]) -> None:
    rear = memories["rear"]
    rear.add_boxes(rear.detections, 3 * SECOND, to_seen([BOX_5]))
    chosen = chooser.by_pixel("rear", 0, np.array([120.0, 100]))
    assert (chosen.name, chosen.stamp_ns) == ("", 3 * SECOND)
    assert chosen.box == pytest.approx(BOX_5)


def test_a_point_of_the_map_is_taken_by_the_camera_that_sees_it(chooser: TargetChooser) -> None:
    # on the ground 4 m behind the robot, 1 m below the lens: a person's box that stands there, at the newest tf
    chosen = chooser.by_point("", 0, "map", np.array([-4.0, 0, 0]))
    focal = 160.0
    assert (chosen.camera, chosen.stamp_ns) == ("rear", 2 * SECOND)
    assert chosen.box[3] == pytest.approx(119.5 + focal / 4)
    assert chosen.box[3] - chosen.box[1] == pytest.approx(focal * 1.7 / 4)
    assert chosen.box[[0, 2]].mean() == pytest.approx(159.5)
    # before the robot and to the left there is a track
    assert chooser.by_point("", 0, "map", np.array([4.0, 1.0, 0.5])).name == "5"


def test_a_point_in_the_optical_frame_without_depth_is_a_pixel(chooser: TargetChooser) -> None:
    assert chooser.by_point("", 2 * SECOND, "r1/front_optical", np.array([110.0, 100, 0])).name == "5"
    assert chooser.by_point("front", 2 * SECOND, "", np.array([110.0, 100, 0])).name == "5"


@pytest.mark.parametrize(
    ("choose", "reason"),
    [
        (lambda c: c.by_box("left", 0, np.ones(4)), "expected one of front, rear"),
        (lambda c: c.by_box("", 0, np.ones(4)), "expected one of front, rear"),  # two cameras: which?
        (lambda c: c.by_box("front", SECOND // 2, np.ones(4)), "no image from 0.500 s is kept.*raise frames_kept"),
        (lambda c: c.by_track("front", 0, "7"), "no track 7 .* there are: 5, 6"),
        (lambda c: c.by_track("front", 0, "anna"), "expected a decimal number, got 'anna'"),
        (lambda c: c.by_identity("", "carl"), "known: anna, bert"),
        (lambda c: c.by_identity("", "bert"), "no track of robot 'r1' shows.*shown by: r2/front/5"),
        (lambda c: c.by_identity("rear", "anna"), "no track of camera 'rear' shows"),
        (lambda c: c.by_pixel("front", 0, np.array([320.0, 10])), "outside the image of 320 x 240"),
        (lambda c: c.by_pixel("front", 0, np.array([np.nan, 10])), "outside the image"),
        (lambda c: c.by_point("", 0, "map", np.array([0, 4.0, 0])), "seen by no camera"),  # beside the robot
        (lambda c: c.by_point("", 0, "odom", np.ones(3)), "seen by no camera.*odom"),
        (lambda c: c.by_point("", 0, "map", np.array([np.inf, 0, 0])), "expected finite numbers"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_the_reason(chooser: TargetChooser, choose, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        choose(chooser)


def test_without_an_image_nothing_can_be_chosen() -> None:
    empty = {"front": CameraMemory("front", 3)}
    with pytest.raises(InputError, match="no image came yet"):
        TargetChooser("r1", empty, TransformBuffer()).by_pixel("front", 0, np.ones(2))
