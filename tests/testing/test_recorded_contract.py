"""The contract from a recorded call: every adapter of the tree brings one, and its tests are held to it."""

from __future__ import annotations

import importlib
import inspect
from importlib.metadata import distribution
from importlib.resources import as_file, files

import pytest

from alliancekit.adapters import WebhookAdapter
from alliancekit.plugins.find import GROUPS
from alliancekit.testing import Alliance, RecordedContract, WebhookContract, read_recorded

ADAPTERS = {one.name: one for one in distribution("alliancekit").entry_points if one.group == GROUPS[1]}


def posts(name: str) -> bool:
    return any(isinstance(one, WebhookAdapter) for one in Alliance(it=ADAPTERS[name].load()).adapters)


POSTING = sorted(name for name in ADAPTERS if posts(name))


def contracts(module: str) -> list[type[RecordedContract]]:
    """The contract classes that a module's tests are, not those it imports to inherit from."""
    found = inspect.getmembers(importlib.import_module(module), inspect.isclass)
    return [one for _, one in found if issubclass(one, RecordedContract) and one.__module__ == module]


def test_there_are_adapters_that_post() -> None:
    assert {"push", "jitsi", "livekit", "zoom"} <= set(POSTING)


@pytest.mark.parametrize("name", POSTING)
def test_its_tests_inherit_the_whole_contract(name: str) -> None:
    found = contracts(f"tests.adapters.test_{name}")
    assert any(issubclass(one, WebhookContract) for one in found)
    for one in found:
        ours = {test for test in vars(one) if test in dir(WebhookContract) and test.startswith("test_")}
        assert ours == set(), "a test of the contract is replaced"


@pytest.mark.parametrize("name", POSTING)
def test_a_copy_starts_with_a_call_that_can_be_replayed(name: str) -> None:
    with as_file(files(f"alliancekit_{name}") / "call.jsonl") as file:
        recorded = read_recorded(file)
    assert len(recorded) > 4
    assert {f"/v1/adapters/{name}/" in one.request.url for one in recorded} == {True}
    [contract] = contracts(f"alliancekit_{name}.copy_test")
    assert contract().recorded() == recorded
