"""The vendor's guide: its code is that of the examples, its commands are tested, its pictures made here."""

from __future__ import annotations

import re
import struct
import textwrap
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGES = [EXAMPLES / "README.md", *sorted(EXAMPLES.glob("vendor_*/README.md"))]
GUIDE = PAGES[0].read_text(encoding="utf-8")
FENCED = r"```(?:python|html|js)\n.*?```\n"
CODE = [
    (file, code)
    for file, blocks in re.findall(rf"`([\w/.]+)`:\n\n((?:{FENCED})+)", GUIDE, flags=re.DOTALL)
    for code in re.findall(r"```\w+\n(.*?)```", blocks, flags=re.DOTALL)
]


def test_every_block_of_code_says_whose_it_is() -> None:
    assert len(CODE) == len(re.findall(r"^```(?:python|html|js)$", GUIDE, flags=re.MULTILINE)) == 17


@pytest.mark.parametrize(("file", "code"), CODE, ids=[code.split("\n")[0][:40] for _, code in CODE])
def test_the_code_is_that_of_the_example(file: str, code: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".html") and "\n" not in code.strip():
        assert code.strip() in text
    else:
        assert any(f"\n{textwrap.indent(code, ' ' * deep)}" in text for deep in range(0, 17, 2))


INSTALL = "pip install 'alliancekit[examples]'"
RUN = {
    "vendor_fastapi": "python examples/vendor_fastapi/app.py",
    "vendor_django": "python examples/vendor_django/run.py",
    "vendor_jitsi": "python examples/vendor_jitsi/run.py",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_the_commands_are_those_that_tests_run(page: Path) -> None:
    commands = re.findall(r"^\$ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert "\nexamples = [" in (ROOT / "pyproject.toml").read_text()
    if page.parent == EXAMPLES:
        assert commands[:-1] == [INSTALL, *RUN.values()]
        assert commands[-1].startswith("alliancekit sessions create ")
        assert commands[-1].endswith("/vendor_jitsi.html")
    else:
        assert commands == [INSTALL, RUN[page.parent.name]]


@pytest.mark.parametrize("name", RUN)
def test_each_example_is_run_by_a_test(name: str) -> None:
    program = RUN[name].rpartition("/")[2]
    test = (ROOT / f"tests/examples/test_{name}.py").read_text()
    assert f'"{program}"' in test
    assert name in test


def test_the_pictures_are_those_of_the_script_and_small() -> None:
    script = (ROOT / "tests" / "tools" / "vendor_screens.py").read_text()
    pictures = re.findall(r"!\[[^\]]{10,}\]\((screens/[\w-]+\.png)\)", GUIDE)
    assert len(pictures) == GUIDE.count("![") == 7
    for name in pictures:
        picture = (EXAMPLES / name).read_bytes()
        assert f'"{Path(name).stem}"' in script
        assert len(picture) < 80_000
        assert struct.unpack(">II", picture[16:24]) == (960, 620)


@pytest.mark.parametrize(
    "page", [*PAGES, EXAMPLES / "PLUGINS.md"], ids=lambda page: f"{page.parent.name}/{page.name}"
)
def test_the_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", text):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.scheme == "https"
        elif parts.path:
            assert (page.parent / parts.path).exists(), link
        else:
            assert parts.fragment in headings, link
