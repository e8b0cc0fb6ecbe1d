"""Stamps that do not rise."""

from __future__ import annotations

import pytest

from mobinet_ros.stamp_order import Order, StampOrder


@pytest.mark.parametrize(
    ("stamps_ms", "expected"),
    [
        ([5, 6, 7], [Order.RISING, Order.RISING, Order.RISING]),
        ([5, 5, 6], [Order.RISING, Order.REPEATED, Order.RISING]),
        # an overtaken message leaves the newest as it was
        ([50, 5, 50, 51], [Order.RISING, Order.LATE, Order.REPEATED, Order.RISING]),
        ([5000, 4000, 3999], [Order.RISING, Order.LATE, Order.JUMPED_BACK]),
        # after a jump, time goes on from there
        ([5000, 10, 20], [Order.RISING, Order.JUMPED_BACK, Order.RISING]),
    ],
)
def test_order(stamps_ms, expected):
    order = StampOrder()
    assert [order.judge("front", stamp * 1_000_000) for stamp in stamps_ms] == expected


def test_streams_are_apart_and_can_be_forgotten():
    order = StampOrder()
    order.judge("front", 10**10)
    assert order.judge("rear", 1) is Order.RISING
    order.forget()
    assert order.judge("front", 1) is Order.RISING
