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
    dispatcher: Callable[..., Any] | None = None

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        nonlocal dispatcher
        if dispatcher is None:
            dispatcher = _compile(function)
        return dispatcher(*args)

    return cast(F, call)


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    # late, as it takes a third of a second that most commands need not wait for
    import numba

    try:
        dispatcher = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        # neither beside the source nor in the user's home can anything be written: compile in each process
        dispatcher = numba.njit(nogil=True)(function)
    return cast(Callable[..., Any], dispatcher)
