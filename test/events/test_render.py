"""Pictures of events: colours, modes, and the times that they are made for."""

from __future__ import annotations

import numpy as np
import pytest

from mobinet.events import CameraPacket, Events, encode_evt3
from mobinet.events.render import PALETTES, EventRenderer, RenderSettings
from mobinet.events.render_chain import RenderChain, Rendered

MS = 1_000_000
ORIGIN_NS = 1_700_000_000_000_000_000


def events(*rows: tuple[int, int, int, bool]) -> Events:
    """Each: milliseconds, column, row, polarity."""
    t_ms, x, y, polarity = zip(*rows, strict=True)
    return Events(np.array(t_ms) * MS, np.array(x, np.uint16), np.array(y, np.uint16), np.array(polarity))


@pytest.mark.parametrize("colours", sorted(PALETTES))
@pytest.mark.parametrize("mode", ["accumulated", "decaying"])
def test_every_pixel_has_the_colour_of_its_last_event(colours: str, mode: str) -> None:
    renderer = EventRenderer(6, 4, RenderSettings(mode=mode, colours=colours))
    renderer.show(events((5, 1, 0, True), (5, 2, 3, False), (5, 4, 2, False), (5, 4, 2, True)))
    image = renderer.image(5 * MS)
    if colours == "grey":
        assert image.shape == (4, 6)
        image = np.repeat(image[:, :, None], 3, axis=2)
    palette = PALETTES[colours]
    expected = np.full((4, 6, 3), palette.background, np.uint8)
    expected[0, 1] = expected[2, 4] = palette.on
    expected[3, 2] = palette.off
    np.testing.assert_array_equal(image, expected)


def test_accumulated_pictures_begin_with_the_last_one() -> None:
    renderer = EventRenderer(3, 1, RenderSettings(colours="grey", full_events=2))
    renderer.show(events((0, 0, 0, True), (1, 1, 0, False), (1, 1, 0, False), (2, 1, 0, False)))
    # one of two events is half the way to the full colour
    assert renderer.image(3 * MS).tolist() == [[191, 0, 128]]
    assert renderer.image(4 * MS).tolist() == [[128, 128, 128]]


def test_decaying_pixels_fade_with_time_alone() -> None:
    renderer = EventRenderer(3, 1, RenderSettings(mode="decaying", colours="grey", decay_s=0.01))
    renderer.show(events((0, 0, 0, True), (10, 1, 0, False)))
    faded = 127 / np.e
    np.testing.assert_allclose(renderer.image(10 * MS), [[128 + faded, 0, 128]], atol=2)
    np.testing.assert_allclose(renderer.image(20 * MS), [[128 + 127 / np.e**2, 128 - faded, 128]], atol=2)
    assert renderer.image(100 * MS).tolist() == [[128, 128, 128]]


def packet(start_ms: int, made: Events | None = None) -> CameraPacket:
    words = encode_evt3(made if made is not None else events((start_ms, 0, 0, True)), start_ms * MS)
    return CameraPacket(words, "evt3", 6, 4, ORIGIN_NS + start_ms * MS, start_ms)


def stamps_ms(made: list[Rendered]) -> list[float]:
    return [(one.stamp_ns - ORIGIN_NS) / MS for one in made]


def test_pictures_come_at_a_rate_of_their_own_until_some_are_asked_for() -> None:
    chain = RenderChain(6, 4, period_s=0.02)
    assert [stamps_ms(chain.push(packet(at))) for at in (0, 10, 20, 30, 45)] == [[], [], [20], [], [45]]
    chain.ask(ORIGIN_NS + 52 * MS)
    chain.ask(ORIGIN_NS + 71 * MS)
    assert [stamps_ms(chain.push(packet(at))) for at in (60, 70, 90)] == [[52], [], [71]]
    # nobody asks any more
    assert stamps_ms(chain.advance(1100 * MS)) == [1190]


def test_a_picture_has_the_events_up_to_its_time_and_the_next_one_those_after() -> None:
    chain = RenderChain(6, 4, RenderSettings(colours="grey"), period_s=10.0)
    chain.push(packet(0))
    chain.push(packet(5, events((5, 1, 0, True), (8, 2, 0, True), (12, 3, 0, True))))
    chain.ask(ORIGIN_NS + 8 * MS)
    chain.ask(ORIGIN_NS + 13 * MS)
    first, second = chain.push(packet(20))
    assert np.flatnonzero(first.image[0] == 255).tolist() == [0, 1]
    assert np.flatnonzero(second.image[0] == 255).tolist() == [2, 3]


def test_a_replay_that_starts_again_begins_with_an_empty_picture() -> None:
    chain = RenderChain(6, 4, RenderSettings(mode="decaying", colours="grey", decay_s=10.0), period_s=0.02)
    chain.push(packet(5000, events((5000, 5, 3, True))))
    (again,) = [*chain.push(packet(0)), *chain.push(packet(25))]
    assert np.argwhere(again.image == 255).tolist() == [[0, 0]]
