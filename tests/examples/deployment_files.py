"""Reads the files of `examples/deploy` as Docker, Compose and systemd do, as far as these files go."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tests.fresh_environment import ROOT

DEPLOY = ROOT / "examples" / "deploy"


@dataclass
class Stage:
    """What one `FROM` of a Dockerfile begins."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """The arguments of every step of this name."""
        return [text for step, text in self.steps if step == name]

    def one(self, name: str) -> str:
        """The argument of the only step of this name."""
        [text] = self.all(name)
        return text

    def pairs(self, name: str) -> dict[str, str]:
        """`ARG` or `ENV` as a dictionary."""
        return dict(text.split("=", 1) for text in self.all(name))


def dockerfile() -> list[Stage]:
    """The stages of the Dockerfile; a step that this cannot read fails the test."""
    known = {
        *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "RUN", "STOPSIGNAL"),
        *("USER", "VOLUME", "WORKDIR"),
    }
    stages: list[Stage] = []
    for line in (DEPLOY / "Dockerfile").read_text().replace("\\\n", "").splitlines():
        if not line or line.startswith("#"):
            continue
        step, _, text = line.partition(" ")
        if step == "FROM":
            stages.append(Stage(text.split(" ")[0]))
        else:
            assert step in known, line
            stages[-1].steps.append((step, text))
    return stages


def healthcheck(stage: Stage) -> list[str]:
    """The command of the image's HEALTHCHECK."""
    command: list[str] = json.loads(stage.one("HEALTHCHECK").partition(" CMD ")[2])
    return command


def compose(**variables: str) -> dict[str, Any]:
    """The Compose file with its variables filled in."""

    def value(found: re.Match[str]) -> str:
        return variables[found[1]]

    text = re.sub(r"\$\{(\w+):\?[^}]*\}", value, (DEPLOY / "compose.yaml").read_text())
    assert "${" not in text
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def unit() -> dict[str, list[str]]:
    """Every value of every key of the systemd unit."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / "alliancekit.service").read_text().splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def page() -> str:
    """The page about running it."""
    return (DEPLOY / "README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    """The page's commands."""
    return re.findall(r"^```sh\n(.*?)^```", page(), re.MULTILINE | re.DOTALL)


def copied(source: str, target: Path) -> None:
    """What `COPY` brings into the image: only what git would have."""
    import shutil

    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    where = ROOT / source
    if where.is_dir():
        shutil.copytree(where, target, ignore=ignored)
    else:
        shutil.copy(where, target)
