"""How often the rules of plugin strain are right, in simulated courses with known episodes of strain.

Synthetic: the numbers say how the rules behave under this model, not how clients behave. The model, in
percent points of 0–100:

* a client's level is drawn from a normal distribution (80, 12), cut to 40–100;
* around it the session's true value moves as AR(1) with φ = .3 and a stationary SD of 5;
* measurement error is added with the SD that a published reliability gives: SRS, SD 5 of 40, α = .88, so
  5 · √(1 − .88) = 1.73 points of 40, 4.33 points of 100; ratings are cut at 0 and 100 (a ceiling);
* every second course holds one episode that ends at a session from the fifth on: a `v` (one session) or a
  `decline` (over three sessions, with sudden repair), 15 or 25 points deep at its bottom.

A hit: the rule speaks in a session of the episode. A false alarm: it speaks in a session, from the fifth on,
that belongs to no episode and does not follow one within three sessions (while a course comes back, speaking
is neither right nor wrong). Seeded: the same seed gives the same table.

Run it: `python -m tests.bench.bench_signals`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alliancekit.scoring.rules import fall
from alliancekit.scoring.strain import EARLIER, Standing, standing
from alliancekit_strain.settings import Settings
from tests.bench import table

PLUGIN = Path(__file__).parents[2] / "plugins" / "alliancekit_strain"
JSON = PLUGIN / "simulation.json"
README = PLUGIN / "README.md"

SEED = 20120308
COURSES = 1000
LENGTHS = (5, 8, 12, 20)
LEVEL, BETWEEN = 80.0, 12.0
PHI, WITHIN = 0.3, 5.0
ERROR = 100 / 40 * 5 * (1 - 0.88) ** 0.5
DEPTHS = (15.0, 25.0)
SHAPES: Mapping[str, tuple[float, ...]] = {"v": (1.0,), "decline": (1 / 3, 2 / 3, 1.0)}
AFTER = 3
"""Sessions after an episode in which speaking counts neither way."""


@dataclass(frozen=True, slots=True)
class Course:
    """Ratings, and the positions of the sessions of its episode; none in a calm course."""

    values: tuple[float, ...]
    episode: range


Rule = Callable[[Sequence[float], Standing | None], bool]

_SETTINGS = Settings()

RULES: Mapping[str, Rule] = {
    "fixed fall": lambda values, _: fall(values, points=_SETTINGS.drop_percent) is not None,
    "fall of 1 SD": lambda _, now: now is not None and now.fallen >= 1,
    "fall of 2 SD": lambda _, now: now is not None and now.fallen >= 2,
    "control chart": lambda _, now: now is not None and now.below_limit,
    "2 of 3 agree": lambda _, now: (
        now is not None and (now.fallen >= 1) + (now.fallen >= 2) + now.below_limit >= 2
    ),
}


def course(draw: random.Random, sessions: int, *, strained: bool) -> Course:
    """One course of the model."""
    level = min(100.0, max(40.0, draw.gauss(LEVEL, BETWEEN)))
    state = draw.gauss(0, WITHIN)
    true = []
    for _ in range(sessions):
        true.append(level + state)
        state = PHI * state + draw.gauss(0, WITHIN * (1 - PHI**2) ** 0.5)
    episode = range(0)
    if strained:
        shape = SHAPES[draw.choice(sorted(SHAPES))]
        depth = draw.choice(DEPTHS)
        bottom = draw.randrange(EARLIER, sessions)
        episode = range(bottom + 1 - len(shape), bottom + 1)
        for position, share in zip(episode, shape, strict=True):
            true[position] -= share * depth
    rated = tuple(min(100.0, max(0.0, value + draw.gauss(0, ERROR))) for value in true)
    return Course(rated, episode)


def judged(found: Course) -> Iterator[tuple[bool | None, dict[str, bool]]]:
    """For each session: whether it belongs to the episode (None: just after it), and which rules speak."""
    for position in range(EARLIER, len(found.values)):
        values = found.values[: position + 1]
        now = standing(
            values,
            group_sd=_SETTINGS.group_sd,
            least_sd=_SETTINGS.least_sd,
            k=_SETTINGS.control_limit,
        )
        inside: bool | None = position in found.episode
        if not inside and found.episode and 0 < position - found.episode[-1] <= AFTER:
            inside = None
        yield inside, {name: rule(values, now) for name, rule in RULES.items()}


def simulate(*, seed: int = SEED, courses: int = COURSES) -> dict[str, Any]:
    """Hits and false alarms per rule and number of sessions, in percent, with the model beside them."""
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in RULES}
    for sessions in LENGTHS:
        draw = random.Random(f"{seed}:{sessions}")
        hits, alarms = dict.fromkeys(RULES, 0), dict.fromkeys(RULES, 0)
        episodes = calm = 0
        for number in range(courses):
            found = course(draw, sessions, strained=number % 2 == 1)
            episodes += bool(found.episode)
            heard = dict.fromkeys(RULES, False)
            for inside, spoke in judged(found):
                calm += inside is False
                for name, speaks in spoke.items():
                    heard[name] |= speaks and inside is True
                    alarms[name] += speaks and inside is False
            for name, right in heard.items():
                hits[name] += right
        for name, row in rows.items():
            row.append(
                {
                    "sessions": sessions,
                    "hits": round(100 * hits[name] / episodes, 1),
                    "false_alarms": round(100 * alarms[name] / calm, 1),
                }
            )
    return {
        "about": "Synthetic: simulated courses with known episodes of strain; see README.md. Percent.",
        "seed": seed,
        "courses": courses,
        "rules": rows,
    }


def markdown(told: Mapping[str, Any]) -> str:
    """The table for the plugin's README: hits / false alarms."""
    lengths = [row["sessions"] for row in next(iter(told["rules"].values()))]
    lines = [("Rule", *(f"{sessions} sessions" for sessions in lengths))]
    lines += [
        (name, *(f"{row['hits']:.0f} % / {row['false_alarms']:.1f} %" for row in rows))
        for name, rows in told["rules"].items()
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lengths) + 1)]
    shown = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    shown.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    made = f"{told['courses']} simulated courses a column, seed {told['seed']}, by `make bench`"
    note = f"Hits / false alarms; {made}."
    return "\n".join([*shown, "", note])


def write(told: Mapping[str, Any], file: Path = JSON) -> None:
    """Write the data that ships with the plugin."""
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    done = simulate()
    write(done)
    table.write(markdown(done), README)
    print(markdown(done))
