"""The tests that `alliancekit new` writes notice when the plugin they come with is broken."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
from tests.repo.test_architecture import PROJECT

from alliancekit.plugins.find import GROUPS
from alliancekit.scaffold import KINDS, Blueprint, Kind, Names, source_of, write

pytestmark = pytest.mark.timeout(300)

STYLE = [
    ("style.json", '"name": "NAME"', '"name": "another"'),
    ("style.json", '"possible_strain"', '"possible_stain"'),
    (
        "__init__.py",
        "(StylePlugin):",
        "(StylePlugin):\n    async def suggest_guidance(self, event): return ()\n",
    ),
    ("fit.json", '"id": "', '"reversed": true, "id": "'),
]
KIND_MUTANTS: dict[Kind, list[tuple[str, str, str]]] = {
    "style": STYLE,
    "instrument": [
        ("DASHED.client.json", '"reversed": true', '"reversed": false'),
        ("DASHED.therapist.json", '"max_missing": 1', '"max_missing": 2'),
        ("__init__.py", " or self.settings.therapist", " or True"),
    ],
    "rule": [
        ("__init__.py", "later >= earlier", "later > earlier"),
        ("__init__.py", "< settings.points", "< 0"),
        ("__init__.py", '{"therapist_later"} if point.session == event.session else set()', "set()"),
        ("__init__.py", "event.session not in rated or ", ""),
    ],
    "exporter": [
        ("__init__.py", "def register_exporters", "def other"),
        ("__init__.py", "ensure_ascii=False", "ensure_ascii=True"),
        ("__init__.py", 'not in ("", response.instrument)', '== "-"'),
        ("__init__.py", '"percent": score.percent', '"percent": score.value'),
        ("__init__.py", "    def __init__", "    needs = frozenset({'answers'})\n\n    def __init__"),
    ],
    "adapter": [
        ("adapter.py", "page.seen_at < oldest", "True"),
        ("adapter.py", "how=how)", 'how="left")'),
        ("adapter.py", "hint, page.hint = page.hint, None", "hint = page.hint"),
    ],
}
COPY_MUTANTS: dict[str, list[tuple[str, str, str]]] = {
    "strain": [("course_rules.py", "yield ", "if False: yield ")],
    "talk_balance": [
        ("__init__.py", "< self.settings.least_speech", "< 0"),
        ("__init__.py", "return found", "return None"),
    ],
    "measures": [
        ("__init__.py", "if self.settings.therapist", "if True"),
        ("__init__.py", 'case "in_call" if event.manual', 'case "in_call"'),
    ],
    "export": [
        ("__init__.py", "def register_exporters", "def other"),
        ("__init__.py", '"kind": "withheld"', '"kind": "empty"'),
        ("__init__.py", 'return f"\'{value}"', "return value"),
        ("__init__.py", "response.answers.items()", "()"),
        ("__init__.py", "sort_keys=True, ", ""),
    ],
    "outbox_folder": [("__init__.py", "0o600", "0o644")],
    "published": [("__init__.py", "return ", "return ()\n        return ")],
    "webrtc": [
        ("adapter.py", 'how="dropped"', 'how="left"'),
    ],
    "bridge": [
        ("report.py", ' and person.role == "therapist"', ""),
        ("report.py", 'sent_out=one.how in {"ejected", "declined"}', "sent_out=False"),
        ("adapter.py", 'how="dropped"', 'how="left"'),
        ("room.py", "all(consent for", "any(consent for"),
    ],
    "push": [
        ("__init__.py", "for secret in settings.secrets]", "for secret in settings.secrets[:1]]"),
        (
            "__init__.py",
            "standard_webhook(request, now, self._keys)",
            'standard_webhook(request, float(request.header("webhook-timestamp") or 0), self._keys)',
        ),
    ],
    "jaas": [
        ("__init__.py", "if not any(fits):", "if not fits:"),
        ("__init__.py", "check_age(at, now)", "pass"),
    ],
    "jitsi": [
        ("adapter.py", "check_token(request", "print(request"),
        ("adapter.py", "message=hashlib.sha256(request.body).hexdigest()", 'message="1"'),
    ],
    "livekit": [
        ("reading.py", "if not hmac.compare_digest(", "if False and not hmac.compare_digest("),
        ("reading.py", "message=message, at=at", 'message="1", at=at'),
    ],
    "janus": [
        ("events.py", "    check_token(", "    print("),
        ("events.py", "message = hashlib.sha256(body).hexdigest()", 'message = "1"'),
    ],
    "vonage": [
        ("webhooks.py", "if not hmac.compare_digest(", "if False and not hmac.compare_digest("),
        ("webhooks.py", "check_age(at, now)", "pass"),
    ],
    "zoom": [
        ("webhooks.py", "check(given, lambda secret: digest(secret, signed)", "check(given, lambda _: given"),
        ("webhooks.py", "check_age(at, now)", "pass"),
    ],
    "twilio": [
        ("__init__.py", "self._secrets,", "(self._secrets or [b'']),"),
        ("__init__.py", "message=_message(content, request.body)", 'message="1"'),
    ],
    "daily": [
        ("__init__.py", "lambda secret: digest(secret, signed)", "lambda _: from_base64(signature)"),
        ("__init__.py", "check_age(at, now)", "pass"),
    ],
    "whereby": [
        ("__init__.py", "lambda secret: digest(secret, signed)", "lambda _: from_hex(signature)"),
        ("__init__.py", "check_age(at, now)", "pass"),
    ],
    "bigbluebutton": [
        ("__init__.py", "hashlib.new(algorithm, signed + secret).digest()", "given"),
        ("__init__.py", "check_age(at, now, window=DAY)", "pass"),
    ],
    "nextcloud_talk": [
        ("__init__.py", "lambda secret: digest(secret, signed)", "lambda _: from_hex(signature)"),
        ("__init__.py", "message=random", 'message="1"'),
    ],
}
ORIGINALS = {name: group for group in GROUPS for name in PROJECT["entry-points"][group]}


def mutants_of(name: str) -> list[tuple[str, str, str]]:
    """Styles are broken alike, every other original in ways of its own."""
    return (
        STYLE[:1]
        if (Path(__file__).parents[2] / f"plugins/alliancekit_{name}/style.json").exists()
        else COPY_MUTANTS[name]
    )


def blueprint(name: str, kind: Kind, original: str = "") -> Blueprint:
    source = source_of(original, ORIGINALS[original]) if original else None
    return Blueprint(names=Names(name), kind=kind, original=source, holder="Somebody", year=2026)


def failures(folder: Path) -> Counter[str]:
    """Failed tests by distribution, of every distribution in the folder in one run."""
    made = sorted(folder.glob("alliancekit-*"))
    report = folder / "report.xml"
    options = ["-p", "no:cacheprovider", "--import-mode=importlib", "--continue-on-collection-errors"]
    places = ["-c", str(made[0] / "pyproject.toml"), "--rootdir", str(folder), f"--junit-xml={report}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, *places, *(str(one / "tests") for one in made)],
        cwd=folder,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(str(one / "src") for one in made), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1, 2), done.stdout + done.stderr
    found: Counter[str] = Counter({one.name: 0 for one in made})
    for case in ET.parse(report).getroot().iter("testcase"):
        where = case.get("classname") or case.get("name") or ""
        broken = case.find("failure") is not None or case.find("error") is not None
        found[where.partition(".")[0]] += broken
    return found


def test_every_mutant_is_noticed_and_nothing_else(tmp_path: Path) -> None:
    whole: set[str] = set()
    broken: dict[str, tuple[str, str, str]] = {}
    todo = [("kind", kind, mutants) for kind, mutants in KIND_MUTANTS.items()]
    todo += [("copy", name, mutants_of(name)) for name in ORIGINALS]
    for way, what, mutants in todo:
        for number, mutant in enumerate([None, *mutants]):
            name = f"{way}_{what}_{number}"
            plan = blueprint(name, what) if way == "kind" else blueprint(name, "copy", what)
            folder = tmp_path / plan.names.distribution
            write(plan.files(), folder)
            if mutant is None:
                whole.add(folder.name)
                continue
            file, old, new = (
                part.replace("NAME", name).replace("DASHED", plan.names.dashed) for part in mutant
            )
            path = folder / "src" / plan.names.module / file
            text = path.read_text()
            assert old in text, f"{what} has no {old}"
            path.write_text(text.replace(old, new))
            broken[folder.name] = mutant
    found = failures(tmp_path)
    assert {one for one in whole if found[one]} == set()
    assert {one: mutant for one, mutant in broken.items() if not found[one]} == {}


def test_every_kind_and_every_original_has_a_mutant() -> None:
    assert set(KIND_MUTANTS) == set(KINDS)
    assert all(mutants_of(name) for name in ORIGINALS)
