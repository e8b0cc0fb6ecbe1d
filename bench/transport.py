"""Age of an image from publish to callback between two processes: ours against rclpy as it is used by default.

Every run is a publisher and a subscriber process of their own, at 30 Hz. The clock starts when the publisher has the
image as an array and stops when the callback has it as one, so that filling and reading the message are in it.

- ``ours``: the nodes' own code and quality of service (published reliably, taken best effort), our Fast DDS profile;
- ``ours:reliable``: the same, taken reliably;
- ``rclpy_default``: a new message an image, ``msg.data = image.tobytes()``, depth 10, the default profile;
- ``rclpy_default:best_effort``: the same with the sensor data profile on both sides.

The contenders take turns; p50 and p99 are medians over the turns, lost images are summed over them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZES = {"vga": (480, 640), "hd": (720, 1280)}
CONTENDERS = ("ours", "rclpy_default", "ours:reliable", "rclpy_default:best_effort")
RATE_HZ = 30.0
WARM_UP = 15
P50_RATIO = 0.3
SETTLE_S = 0.5
SILENCE_S = 3.0
PATIENCE_S = 30.0


@dataclass(frozen=True)
class Turn:
    """One contender once at one size: ages in milliseconds of the images that came, and how many did not."""

    ages_ms: list[float]
    lost: int

    def percentile(self, percent: int) -> float:
        if len(self.ages_ms) < 2:
            return float("inf")
        return statistics.quantiles(self.ages_ms, n=100, method="inclusive")[percent - 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, help="not needed: the images are made here")
    parser.add_argument("--quick", action="store_true", help="2 turns of 2 s instead of 5 of 10 s")
    parser.add_argument("--role", choices=("publish", "subscribe"), help=argparse.SUPPRESS)
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--size", choices=SIZES, help=argparse.SUPPRESS)
    parser.add_argument("--images", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.role == "publish":
        return publish(args.contender, SIZES[args.size], args.images)
    if args.role == "subscribe":
        return subscribe(args.contender, args.images)
    return compare(turns=2 if args.quick else 5, seconds=2.0 if args.quick else 10.0)


# the two processes


def quality(contender: str) -> tuple[Any, Any]:
    """Quality of service of the publisher and of the subscriber."""
    from rclpy.qos import qos_profile_sensor_data

    from mobinet_ros import topics

    return {
        "ours": (topics.IMAGE.qos, topics.IMAGE_IN.qos),
        "ours:reliable": (topics.IMAGE.qos, topics.IMAGE.qos),
        "rclpy_default": (10, 10),
        "rclpy_default:best_effort": (qos_profile_sensor_data, qos_profile_sensor_data),
    }[contender]


def publish(contender: str, shape: tuple[int, int], images: int) -> int:
    """Publishes at the rate as soon as somebody listens; the stamp is the monotonic clock, the frame the number."""
    import numpy as np
    import rclpy
    from rclpy._rclpy_pybind11 import RCLError
    from sensor_msgs.msg import Image

    rclpy.init()
    node = rclpy.create_node("publisher")
    publisher = node.create_publisher(Image, "image_raw", quality(contender)[0])
    pixels = np.random.default_rng(0).integers(0, 256, (4, *shape, 3), np.uint8)
    fill = filler(contender)
    if not wait_for(lambda: publisher.get_subscription_count() > 0):
        return 1
    time.sleep(SETTLE_S)
    start = time.monotonic()
    for number in range(images + WARM_UP):
        time.sleep(max(0.0, start + number / RATE_HZ - time.monotonic()))
        try:
            publisher.publish(fill(pixels[number % 4], time.monotonic_ns(), str(number - WARM_UP)))
        except RCLError as error:  # the middleware is overrun: the image is lost, and counted so by the other side
            print(error, file=sys.stderr)
    time.sleep(SETTLE_S)
    rclpy.shutdown()
    return 0


def filler(contender: str) -> Callable[[Any, int, str], Any]:
    """From an array, a time in nanoseconds and a frame id to a message."""
    from sensor_msgs.msg import Image

    from mobinet_ros.conversions import make_header
    from mobinet_ros.image_conversions import ImageMessageFactory

    factory = ImageMessageFactory()

    def fill_default(image: Any, stamp_ns: int, frame_id: str) -> Any:
        msg = Image(header=make_header(stamp_ns, frame_id), encoding="bgr8")
        msg.height, msg.width = image.shape[:2]
        msg.step = image.shape[1] * 3
        msg.data = image.tobytes()
        return msg

    def fill_ours(image: Any, stamp_ns: int, frame_id: str) -> Any:
        return factory.fill(image, make_header(stamp_ns, frame_id))

    return fill_ours if contender.startswith("ours") else fill_default


def subscribe(contender: str, images: int) -> int:
    """Prints the ages of the images that came as a JSON list; ends with the last image, or a while after it."""
    import numpy as np
    import rclpy
    from sensor_msgs.msg import Image

    from mobinet_ros.conversions import stamp_to_ns
    from mobinet_ros.image_conversions import msg_to_image

    def to_array(msg: Any) -> Any:
        return np.frombuffer(msg.data, np.uint8).reshape(msg.height, msg.width, 3)

    read = msg_to_image if contender.startswith("ours") else to_array
    ages: dict[int, float] = {}
    last = [time.monotonic() + PATIENCE_S, -WARM_UP]

    def receive(msg: Any) -> None:
        image = read(msg)
        number = int(msg.header.frame_id)
        if image.size and number >= 0:
            ages[number] = (time.monotonic_ns() - stamp_to_ns(msg.header.stamp)) / 1e6
        last[:] = [time.monotonic() + SILENCE_S, number]

    rclpy.init()
    node = rclpy.create_node("subscriber")
    node.create_subscription(Image, "image_raw", receive, quality(contender)[1])
    while time.monotonic() < last[0] and last[1] < images - 1:
        rclpy.spin_once(node, timeout_sec=0.5)
    print(json.dumps(list(ages.values())), flush=True)
    rclpy.shutdown()
    return 0


def wait_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


# the comparison


def environment(contender: str) -> dict[str, str]:
    """A domain of its own on this machine; our Fast DDS profile for ours, none for the default."""
    from mobinet_ros.fastdds import PROFILE_VARIABLES, profile_environment

    unwanted = (*PROFILE_VARIABLES, "FASTDDS_BUILTIN_TRANSPORTS")
    variables = {name: value for name, value in os.environ.items() if name not in unwanted}
    variables["ROS_DOMAIN_ID"] = str(random.randrange(1, 102))
    variables["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    return {**variables, **profile_environment(variables)} if contender.startswith("ours") else variables


def take_turn(contender: str, size: str, seconds: float) -> Turn:
    """Runs both processes; a subscriber that hears nothing has lost everything."""
    images = round(seconds * RATE_HZ)
    options = ["--contender", contender, "--size", size, "--images", str(images)]
    command = [sys.executable, str(Path(__file__).resolve())]
    variables = environment(contender)
    listener = subprocess.Popen([*command, "--role", "subscribe", *options], env=variables, stdout=subprocess.PIPE)
    sender = subprocess.Popen([*command, "--role", "publish", *options], env=variables)
    try:
        output, _ = listener.communicate(timeout=seconds + 3 * PATIENCE_S)
        sender.wait(timeout=PATIENCE_S)
    finally:
        for process in (listener, sender):
            if process.poll() is None:
                process.terminate()
                process.wait()
    if listener.returncode or sender.returncode:
        raise SystemExit(
            f"{contender} {size}: a process failed ({listener.returncode}, {sender.returncode}), see above"
        )
    ages = json.loads(output)
    return Turn(ages, images - len(ages))


def compare(turns: int, seconds: float) -> int:
    taken: dict[tuple[str, str], list[Turn]] = {}
    load_before = os.getloadavg()[0]
    for turn in range(turns):
        for size in SIZES:
            shift = turn % len(CONTENDERS)
            for contender in CONTENDERS[shift:] + CONTENDERS[:shift]:
                taken.setdefault((contender, size), []).append(take_turn(contender, size, seconds))
    figures = {contender: summarise(contender, taken) for contender in CONTENDERS}
    default = figures["rclpy_default"]
    limit = {f"{size}_p50_ms": round(P50_RATIO * default[f"{size}_p50_ms"], 3) for size in SIZES}
    limit |= {f"{size}_lost": 0 for size in SIZES}
    print(f"{turns} turns of {seconds:g} s at {RATE_HZ:g} Hz; {os.cpu_count()} cores, ", end="")
    print(f"load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after")
    print_table(figures, limit)
    ours = figures.pop("ours")
    print(json.dumps({"bench": "transport", "ours": ours, "peers": figures, "limit": limit}))
    return 0


def summarise(contender: str, taken: dict[tuple[str, str], list[Turn]]) -> dict[str, float]:
    """The metrics of one contender; an age that cannot be told, since too few images came, is left away."""
    figures: dict[str, float] = {}
    for size in SIZES:
        turns = taken[contender, size]
        for percent in (50, 99):
            value = statistics.median(turn.percentile(percent) for turn in turns)
            if value < float("inf"):
                figures[f"{size}_p{percent}_ms"] = round(value, 3)
        figures[f"{size}_lost"] = sum(turn.lost for turn in turns)
    return figures


def print_table(figures: dict[str, dict[str, float]], limit: dict[str, float]) -> None:
    metrics = [f"{size}_{name}" for size in SIZES for name in ("p50_ms", "p99_ms", "lost")]
    rows: list[Sequence[str]] = [("", *metrics)]
    for name, values in [*figures.items(), ("limit for ours", limit)]:
        rows.append((name, *(f"{values[m]:g}" if m in values else "-" for m in metrics)))
    for row in rows:
        print(f"{row[0]:<28}" + "".join(f"{cell:>13}" for cell in row[1:]))


if __name__ == "__main__":
    sys.exit(main())
