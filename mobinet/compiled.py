"""Functions compiled to machine code by Numba when they are first called; only this file imports it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compiles a function over arrays and numbers at its first call, and keeps the machine code for later processes.

    It releases the interpreter's lock while it runs. Bounds are not checked and integers wrap, as in C: indices and
    what is stored have to be sound for any input. Unsigned indices save the test for negative ones. Compiled functions
    cannot call each other.
    """
    return _compiled_when_called(function, release_lock=True)


def compiled_briefly(function: F) -> F:
    """As ``compiled``, for what takes microseconds: it keeps the interpreter's lock.

    A thread that gives the lock away and finds it taken sleeps, and wakes up much later than such a function ends.
    """
    return _compiled_when_called(function, release_lock=False)


def _compiled_when_called(function: F, release_lock: bool) -> F:
    dispatcher: Callable[..., Any] | None = None

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        nonlocal dispatcher
        if dispatcher is None:
            dispatcher = _compile(function, release_lock)
        return dispatcher(*args)

    return cast(F, call)


def _compile(function: Callable[..., Any], release_lock: bool) -> Callable[..., Any]:
    # late, as it takes a third of a second that most commands need not wait for
    import numba

    try:
        dispatcher = numba.njit(cache=True, nogil=release_lock)(function)
    except RuntimeError:
        # neither beside the source nor in the user's home can anything be written: compile in each process
        dispatcher = numba.njit(nogil=release_lock)(function)
    return cast(Callable[..., Any], dispatcher)
