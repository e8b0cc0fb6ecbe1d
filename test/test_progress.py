"""The progress line: what a terminal and what a file shows."""

from __future__ import annotations

from mobinet import progress
from mobinet.progress import Progress


def make_terminal(monkeypatch, redraw_s=0.0):
    """In the test itself: pytest gives each phase a stderr of its own."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(progress, "_REDRAW_S", redraw_s)


def on_screen(text: str) -> list[str]:
    """The lines that a terminal shows in the end."""
    return [line.split("\x1b[K")[-1].split("\r")[-1] for line in text.split("\n")]


def test_bar_is_one_line(monkeypatch, capsys):
    make_terminal(monkeypatch)
    with Progress("rendering x", 4) as line:
        for done in range(1, 5):
            line.show(done)
    shown = capsys.readouterr().err
    assert "rendering x 2/4 [###############...............]" in shown
    assert on_screen(shown) == ["rendering x 4/4 [##############################]", ""]


def test_unknown_length_has_no_bar(monkeypatch, capsys):
    make_terminal(monkeypatch)
    with Progress("recording", unit="s") as line:
        line.show(1.25, "3 topics")
    assert on_screen(capsys.readouterr().err) == ["recording 1.2 s 3 topics", ""]


def test_what_is_said_does_not_disturb_the_bar(monkeypatch, capsys):
    make_terminal(monkeypatch)
    with Progress("rendering x", 2) as line:
        line.show(1)
        line.say("warning: y")
    captured = capsys.readouterr()
    assert captured.out == "warning: y\n"
    assert on_screen(captured.err) == ["rendering x 1/2 [###############...............]", ""]


def test_the_end_is_shown_however_soon_it_comes(monkeypatch, capsys):
    make_terminal(monkeypatch, redraw_s=3600.0)
    with Progress("rendering x", 2) as line:
        line.show(1)
        line.show(2)  # within the time between two drawings
    assert on_screen(capsys.readouterr().err)[0].startswith("rendering x 2/2")


def test_a_file_gets_a_line_now_and_then(monkeypatch, capsys):
    monkeypatch.setattr(progress.time, "monotonic", iter([0.0, 1.0, 11.0, 12.0]).__next__)
    with Progress("rendering x", 3) as line:
        for done in range(1, 4):
            line.show(done)
    assert capsys.readouterr().err == "rendering x 2/3\n"


def test_nothing_shown_leaves_nothing(monkeypatch, capsys):
    make_terminal(monkeypatch)
    with Progress("rendering x", 3):
        pass
    assert capsys.readouterr().err == ""
