"""Prompts as the service sends them, with wording of their own for the tests."""

from __future__ import annotations

from typing import Any

SCALE = ["Not at all", "A little", "Partly", "Mostly", "Completely"]
SCALE_AR = ["لا إطلاقًا", "قليلًا", "إلى حد ما", "غالبًا", "تمامًا"]
VISIBILITY = {"default": "therapist_now", "choices": ["therapist_now", "therapist_later", "aggregate_only"]}


def choice(item: str, text: str, labels: list[str]) -> dict[str, Any]:
    """A choice item with the values 0, 1, … in the order of the labels."""
    options = [{"value": value, "label": label} for value, label in enumerate(labels)]
    return {"id": item, "kind": "choice", "text": text, "options": options}


def instrument(name: str, title: str, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A measure that is not validated, unless told otherwise."""
    return {
        "name": name, "version": "1", "form": "client", "title": title, "instructions": "",
        "validated": False, "items": items, **more,
    }  # fmt: skip


def prompt(moment: str, *instruments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A prompt to a client."""
    return {
        "id": "prm_1", "moment": moment, "role": "client", "session": "ses_1", "expires_at": None,
        "layout": "card", "visibility": VISIBILITY, "instruments": list(instruments), **more,
    }  # fmt: skip


def pulse(**more: Any) -> dict[str, Any]:
    """One question in the call."""
    item = choice(
        "now", "How is this conversation for you at the moment?", ["Difficult", "In between", "Good"]
    )
    return prompt("in_call", instrument("pulse", "Pulse", [item]), **more)


def card(**more: Any) -> dict[str, Any]:
    """Three questions of two kinds from two measures, after the call."""
    check_in = instrument(
        "check-in", "The session", [
            choice("respect", "My point of view had its place today.", SCALE),
            {"id": "pace", "kind": "slider", "text": "The pace of the session was …", "minimum": 0,
             "maximum": 100, "step": 1, "low": "wrong for me", "high": "right for me"},
        ], instructions="Think of today only. There are no right or wrong answers.",
    )  # fmt: skip
    fit = instrument(
        "fit-directive", "The way of working", [choice("advice", "The advice was useful to me.", SCALE)],
        validated=True,
    )  # fmt: skip
    return prompt("end_of_call", check_in, fit, **more)


def faces(moment: str = "end_of_call") -> dict[str, Any]:
    """One question with a face before each label, and after the call a line read to one decimal."""
    item = choice("face", "How was it to talk today?", ["Bad", "In between", "Good"])
    for option, symbol in zip(item["options"], "😞😐😊", strict=True):
        option["symbol"] = symbol
    line = {"id": "line", "kind": "slider", "text": "Today fitted me …", "minimum": 0, "maximum": 100,
            "step": 1, "decimals": 1, "low": "badly", "high": "well"}  # fmt: skip
    items = [item] if moment == "in_call" else [item, line]
    return prompt(moment, instrument("faces", "Faces", items))


def long_card() -> dict[str, Any]:
    """Ten questions, for the eye."""
    texts = [
        "My point of view had its place today.", "I could say what was on my mind.",
        "We both know what the next step is.", "What we did today suits what I need.",
        "It was clear who does what until next time.", "I could be as I am.",
        "I expect that this will help me.", "What matters in my family and culture was taken seriously.",
    ]  # fmt: skip
    items = [choice(f"i{n}", text, SCALE) for n, text in enumerate(texts)]
    made = card()
    made["instruments"][0]["items"][1:1] = items[1:]
    return made


def steps(made: dict[str, Any] | None = None) -> dict[str, Any]:
    """A card, or this prompt, shown one question at a time."""
    return (made or card()) | {"layout": "steps"}


def arabic_card() -> dict[str, Any]:
    """A card whose items are Arabic."""
    items = [
        choice("respect", "وجدت وجهة نظري مكانها اليوم.", SCALE_AR),
        {"id": "pace", "kind": "slider", "text": "كانت وتيرة الجلسة …", "minimum": 0,
         "maximum": 100, "step": 1, "low": "غير مناسبة لي", "high": "مناسبة لي"},
    ]  # fmt: skip
    return prompt(
        "end_of_call", instrument("check-in", "الجلسة", items, instructions="فكّر في جلسة اليوم فقط.")
    )
