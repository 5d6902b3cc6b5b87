"""One call of the API as data, and how a described operation becomes a method of either client."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MethodType
from typing import Any, Concatenate, Generic, Literal, ParamSpec, Protocol, Self, TypeVar, overload

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What to ask of the service, and what comes back.

    Attributes:
        method: of HTTP.
        path: from the service's address on, with `{places}`.
        reply: the type of the answer; `None`'s type where there is no body, `Export` for a file.
        places: what stands in the places.
        query: parameters of the address.
        body: the JSON object to send; what is None in it is left out.
        repeatable: doing it twice does no more than doing it once, so it is sent again when no answer came.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    reply: type[T]
    places: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    repeatable: bool = False


class Blocking(Protocol):
    """Runs a call and returns its answer."""

    def run(self, call: Call[T], /) -> T:
        """Ask the service; raises ClientError."""
        ...


class Awaiting(Protocol):
    """Runs a call and gives an awaitable answer."""

    def run(self, call: Call[T], /) -> Awaitable[T]:
        """Ask the service; raises ClientError."""
        ...


R = TypeVar("R")
"""How a group's calls are run: `Blocking` or `Awaiting`."""


class Group(Generic[R]):
    """Operations that belong together, such as those on sessions."""

    def __init__(self, runner: R) -> None:
        self.runner: R = runner


class operation(Generic[P, T]):
    """Turns the description of a call into a method that asks: blocking or awaited, as its group does."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self.describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, group: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, group: Group[Blocking], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: Group[Awaiting], owner: Any) -> Callable[P, Awaitable[T]]: ...
    def __get__(self, group: Any, owner: Any) -> Any:
        """The method, bound to its group."""
        if group is None:
            return self
        describe = MethodType(self.describe, group)

        @functools.wraps(describe)
        def ask(*args: Any, **kwargs: Any) -> Any:
            return group.runner.run(describe(*args, **kwargs))

        return ask
