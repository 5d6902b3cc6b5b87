"""What came of the scripted call: one object for a program, a few lines for a person."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from alliancekit.demo.script import Played
from alliancekit.service import Service


def result(service: Service, played: Played, *, seconds: float) -> dict[str, Any]:
    """The object that `alliancekit demo --once --json` prints; documented in the README."""
    session, point = played.session, played.point
    balance = point["talk_balance"]
    return {
        "session": session["id"],
        "call": {
            "segments": len(session["segments"]),
            "seconds": round(session["seconds"], 1),
            "ended": session["end_reason"],
        },
        "talk_balance": None if balance is None else _balance(balance),
        "responses": [
            {
                "role": one["role"],
                "moment": one["moment"],
                "instrument": one["instrument"],
                "scores": [
                    {name: score[name] for name in ("scale", "value", "minimum", "maximum", "percent")}
                    for score in one["scores"] or ()
                ],
            }
            for one in point["responses"]
        ],
        "signals": point["signals"],
        "guidance": [{"style": one["style"], "text": one["text"]} for one in point["guidance"]],
        "plugins": [{"name": one.name, "status": one.status} for one in service.plugins.report.entries],
        "database": service.settings.database().get_secret_value(),
        "seconds": round(seconds, 1),
    }


def _balance(balance: dict[str, Any]) -> dict[str, Any]:
    sides = {
        role: {"share": round(balance[role]["share"], 3), "turns": balance[role]["turns"]}
        for role in ("client", "therapist")
    }
    return {**sides, "overlap": round(balance["overlap"], 3), "silence": round(balance["silence"], 3)}


def show(console: Console, result: dict[str, Any]) -> None:
    """Print the result for a person."""
    call = result["call"]
    console.print(
        f"\n[bold]A real call of {call['seconds']:.0f} s[/bold],"
        f" {call['segments']} segments, ended: {call['ended']}"
    )
    balance = result["talk_balance"]
    if balance is not None:
        client, therapist = balance["client"], balance["therapist"]
        console.print(
            "Talk balance (a description, not a score):"
            f" client {client['share']:.0%} in {client['turns']} turns,"
            f" therapist {therapist['share']:.0%} in {therapist['turns']} turns,"
            f" silence {balance['silence']:.0%}"
        )
    table = Table(title="Answers", title_justify="left")
    for column in ("who", "moment", "instrument", "scale", "value", "0–100"):
        table.add_column(column, justify="right" if column in {"value", "0–100"} else "left")
    for response in result["responses"]:
        for score in response["scores"]:
            missing = score["value"] is None
            table.add_row(
                response["role"],
                response["moment"].replace("_", " "),
                response["instrument"],
                score["scale"],
                "not scored" if missing else f"{score['value']:g} of {score['maximum']:g}",
                "" if missing else f"{score['percent']:.0f}",
            )
    console.print(table)
    said = dict.fromkeys((signal["kind"], signal["sentence"]) for signal in result["signals"])
    for kind, sentence in said:
        console.print(f"Signal ({kind.replace('_', ' ')}): {sentence}")
    for guidance in result["guidance"]:
        console.print(f"[italic]{guidance['style']}[/italic]: {guidance['text']}")
    console.print("The check-in is our own and not a validated measure.", style="dim")
