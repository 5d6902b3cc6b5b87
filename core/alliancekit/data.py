"""What a plugin may keep: its own small rows of JSON, by tenant and episode.

A plugin gets at them by one more parameter of its `__init__`, found by its annotation:

    class Notes(AllianceHooks):
        data_version = 1

        def __init__(self, settings: Settings, data: PluginData) -> None: ...

Nobody reaches another plugin's rows, for the handle knows whose it is. The rows of an episode are part of its
export and go with it when it is erased. They can be read and written once the service has started.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

MAX_VALUE: Final = 64 * 1024
"""Bytes that one value may have, as JSON in UTF-8."""

MAX_KEY: Final = 200
"""Characters that a key may have."""

MAX_ROWS: Final = 1000
"""Rows that a plugin may keep for one episode, and as many for a tenant beside its episodes."""


class PluginData(ABC):
    """A plugin's own rows; `episode` left out means: of the tenant, not of one episode.

    A value is anything that JSON can say. Each call is a transaction of its own, so of two that write the
    same key at once the later one stays. Do not copy answers or scores in here: the client's choice of who
    sees them would not reach the copy.
    """

    @abstractmethod
    async def get(self, key: str, *, tenant: str, episode: str = "") -> Any:
        """The value of a key, None where there is none.

        Raises:
            StoreError: the database does not answer.
        """

    @abstractmethod
    async def set(self, key: str, value: Any, *, tenant: str, episode: str = "") -> None:
        """Keep a value, in the place of the one before.

        Raises:
            PluginError: the key or the value is no JSON or too large, or there are too many rows.
            NotFoundError: the tenant has no such episode, or it was erased.
            StoreError: the database does not answer; nothing was stored.
        """

    @abstractmethod
    async def delete(self, key: str, *, tenant: str, episode: str = "") -> bool:
        """Take a row away; whether there was one.

        Raises:
            StoreError: the database does not answer.
        """

    @abstractmethod
    async def list(self, prefix: str = "", *, tenant: str, episode: str = "") -> Mapping[str, Any]:
        """Key → value of every row whose key begins with `prefix`, sorted by key.

        Raises:
            StoreError: the database does not answer.
        """
