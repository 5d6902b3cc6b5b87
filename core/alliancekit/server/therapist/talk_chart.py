"""Two small drawings: who spoke how much, and where both sides' answers lie on one item."""

from __future__ import annotations

from markupsafe import Markup

from alliancekit.events import TalkBalance
from alliancekit.languages.pages import Words
from alliancekit.server.therapist.chart import VOICES, mark
from alliancekit.server.therapist.svg import element, image
from alliancekit.server.therapist.views import FacetView

_WIDTH, _HEIGHT = 960.0, 32.0
_STRIP_WIDTH, _STRIP_HEIGHT = 120.0, 14.0
_APART = 11.0
"""How far apart two marks of the strip must be to be told apart."""


def talk_bar(balance: TalkBalance, words: Words) -> Markup:
    """The shares of all speech as one bar, the client at the line's beginning; hatched for the therapist."""
    mirrored = words.direction == "rtl"
    heard = balance.client.seconds + balance.therapist.seconds > 0
    client = min(max(balance.client.share, 0.0), 1.0) * _WIDTH if heard else 0.0
    parts = [element("rect", class_="talk-ground", x=0, y=0, width=_WIDTH, height=_HEIGHT, rx=6)]
    if heard:
        own, edge = (0.0, _WIDTH - client) if mirrored else (client, client)
        theirs = {"x": edge if mirrored else 0.0, "y": 0, "width": client, "height": _HEIGHT}
        yours = {"x": own, "y": 0, "width": _WIDTH - client, "height": _HEIGHT}
        parts.append(element("rect", class_="talk client", **theirs))
        parts.append(element("rect", class_="talk therapist", **yours))
        stripe = element("path", class_="talk-stripe", d="M0 0V8")
        turned = {"patternUnits": "userSpaceOnUse", "patternTransform": "rotate(35)"}
        parts.append(element("pattern", stripe, id="talk-hatch", width=8, height=8, **turned))
        parts.append(element("rect", fill="url(#talk-hatch)", **yours))
        parts.append(element("line", class_="talk-edge", x1=edge, y1=0, x2=edge, y2=_HEIGHT))
    client_share, own_share = (words.percent(side.share) for side in (balance.client, balance.therapist))
    description = (
        words.say("talk.shares", client=client_share, therapist=own_share)
        if heard
        else words.say("talk.nobody")
    )
    return image(
        *parts,
        key="talk",
        title=words.say("talk.chart"),
        description=description,
        width=_WIDTH,
        height=_HEIGHT,
        kind="talk-bar",
        fit="none",
    )


def strip(facet: FacetView, words: Words) -> Markup:
    """Both sides' answers on a line from the lowest to the highest; decoration, the words stand beside it."""
    mirrored = words.direction == "rtl"
    places = {"client": facet.client_percent, "therapist": facet.therapist_percent}
    if all(percent is None for percent in places.values()):
        return Markup("")
    middle = _STRIP_HEIGHT / 2
    x = {
        voice: 12 + (_STRIP_WIDTH - 24) * min(max(percent, 0.0), 100.0) / 100
        for voice, percent in places.items()
        if percent is not None
    }
    if len(x) == 2 and abs(x["client"] - x["therapist"]) < _APART:
        centre = (x["client"] + x["therapist"]) / 2
        x = {"client": centre - _APART / 2, "therapist": centre + _APART / 2}
    if mirrored:
        x = {voice: _STRIP_WIDTH - place for voice, place in x.items()}
    marks = [mark(voice, x[voice], middle) for voice in reversed(VOICES) if voice in x]
    return element(
        "svg",
        element("line", class_="grid", x1=0, y1=middle, x2=_STRIP_WIDTH, y2=middle),
        *marks,
        class_="chart strip",
        viewBox=f"0 0 {_STRIP_WIDTH:g} {_STRIP_HEIGHT:g}",
        aria_hidden="true",
    )


def key_mark(voice: str) -> Markup:
    """The legend's sample of a voice: its line with its mark."""
    found = VOICES[0] if voice == "client" else VOICES[1]
    return element(
        "svg",
        element("line", class_=f"line {found}", x1=0, y1=7, x2=28, y2=7),
        mark(found, 14, 7),
        class_="chart key",
        viewBox="0 0 28 14",
        aria_hidden="true",
    )
