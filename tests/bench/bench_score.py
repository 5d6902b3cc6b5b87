"""A million answered WAI-SR forms from file to file against a pandas script, and the scoring step alone.

Run it: `python -m tests.bench.bench_score`. Both read the same CSV, refuse values that are no option,
pro-rate by the same rule and write the same columns; the results are compared. Each is a process of its own,
their turns alternate, figures are medians, and the memory is the process's peak (not `ru_maxrss`, which a
child takes over from its parent).
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.servers import OUTPUT

ROWS = 1_000_000
ROUNDS = 3
ITEMS = [f"item{number}" for number in range(1, 13)]
SCALES = {
    "task": ["item1", "item2", "item10", "item12"],
    "bond": ["item3", "item5", "item7", "item9"],
    "goal": ["item4", "item6", "item8", "item11"],
}

PANDAS = """
import sys
import pandas as pd
source, out = sys.argv[1:]
frame = pd.read_csv(source, dtype={"client": "string", "date": "string"})
items = [f"item{n}" for n in range(1, 13)]
answers = frame[items]
if not (answers.isna() | answers.isin([1, 2, 3, 4, 5])).all(axis=None):
    raise SystemExit("a value is no option")
scales = SCALES
prorated = pd.Series(False, index=frame.index)
for name, of in scales.items():
    few = answers[of].count(axis=1)
    frame[name] = (answers[of].mean(axis=1) * 4).where(few >= 3)
    prorated |= few == 3
frame["total"] = frame["task"] + frame["bond"] + frame["goal"]
frame["answered"] = answers.count(axis=1)
frame["prorated"] = prorated
frame.to_csv(out, index=False)
""".replace("SCALES", repr(SCALES))

PRODUCT = """
import sys
from pathlib import Path
from alliancekit.batch.run import score_file
from alliancekit.batch.sinks import open_sink
from alliancekit.instruments.loader import load_folder
from importlib.resources import files
[wai] = [i for i in load_folder(files("alliancekit_published")) if (i.name, i.form) == ("wai-sr", "client")]
score_file(wai, Path(sys.argv[1]), open_sink(Path(sys.argv[2])))
"""

MEASURED = """
import json, re, time
begun = time.perf_counter()
%s
print(json.dumps({"seconds": time.perf_counter() - begun, "cpu": time.process_time(),
    "mb": int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 1024}))
"""


def write_answers(path: Path, rows: int, *, gaps: float = 0.005) -> None:
    """Answers as a vendor's export has them: a client, a date, twelve items, some left out."""
    luck = random.Random(7)
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(["client", "date", *ITEMS]) + "\n")
        for number in range(rows):
            answers = luck.choices("12345", k=12)
            if luck.random() < 12 * gaps:
                answers[luck.randrange(12)] = ""
            file.write(f"c{number % 40_000:05},2026-{1 + number % 12:02}-{1 + number % 28:02},")
            file.write(",".join(answers) + "\n")


def timed(script: str, source: Path, out: Path) -> dict[str, float]:
    """Run a script in a process of its own; imports count for neither."""
    head = "import polars, numpy, alliancekit.batch.run\n" if script is PRODUCT else "import pandas\n"
    done = subprocess.run(
        [sys.executable, "-c", head + MEASURED % script, str(source), str(out)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def same_result(one: Path, other: Path) -> bool:
    """Whether two outputs hold the same columns and values, pro-rated ones up to their last bits."""
    import polars as pl
    from polars.testing import assert_frame_equal

    numbers = [*SCALES, "total"]
    left, right = (
        pl.read_csv(path, schema_overrides=dict.fromkeys(numbers, pl.Float64)) for path in (one, other)
    )
    left, right = (
        frame.with_columns(
            pl.col("prorated").cast(pl.String).str.to_lowercase(),
            pl.col(ITEMS).cast(pl.Float64).cast(pl.Int64),
        )
        for frame in (left, right)
    )
    assert_frame_equal(left, right, abs_tol=1e-9, rel_tol=0)
    return True


def by_hand(answers: Any) -> Any:
    """The scoring step as somebody who knows polars writes it, with the same rule for missing answers."""
    import polars as pl

    scored = answers.select(
        one
        for name, items in SCALES.items()
        for few in [pl.sum_horizontal(pl.col(item).is_null() for item in items)]
        for one in (
            pl.when(few <= 1).then(pl.mean_horizontal(items) * 4).alias(name),
            (few == 1).alias(f"{name}_prorated"),
        )
    )
    return scored.with_columns(
        (pl.col("task") + pl.col("bond") + pl.col("goal")).alias("total"),
        pl.any_horizontal("task_prorated", "bond_prorated", "goal_prorated").alias("prorated"),
    )


def step() -> tuple[float, float]:
    """Seconds for a million rows in the frames that batches have: the product's step, and by hand."""
    import time
    from importlib.resources import files

    import numpy as np
    import polars as pl

    from alliancekit.batch.score import Scorer
    from alliancekit.instruments.loader import load_folder

    [wai] = [
        each
        for each in load_folder(files("alliancekit_published"))
        if (each.name, each.form) == ("wai-sr", "client")
    ]
    luck = np.random.default_rng(7)
    height = 125_000
    frames = [
        pl.DataFrame({item: luck.integers(1, 6, height) for item in ITEMS}).with_columns(
            pl.when(pl.Series(luck.random(height) < 0.005)).then(None).otherwise(pl.col(item)).alias(item)
            for item in ITEMS
        )
        for _ in range(8)
    ]
    scorer = Scorer(wai)
    taken: dict[str, list[float]] = {"product": [], "hand": []}
    for number in range(2 * ROUNDS + 1):
        for name, work in (("product", scorer.score), ("hand", by_hand)):
            begun = time.perf_counter()
            for frame in frames:
                work(frame)
            if number:
                taken[name].append(time.perf_counter() - begun)
    return statistics.median(taken["product"]), statistics.median(taken["hand"])


def run() -> list[dict[str, Any]]:
    """The file as a whole, its memory, and the scoring step."""
    OUTPUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=OUTPUT) as directory:
        folder = Path(directory)
        source, small = folder / "answers.csv", folder / "quarter.csv"
        write_answers(source, ROWS)
        write_answers(small, ROWS // 4)
        ours, theirs, quarter = [], [], []
        for _ in range(ROUNDS):
            ours.append(timed(PRODUCT, source, folder / "product.csv"))
            theirs.append(timed(PANDAS, source, folder / "pandas.csv"))
            quarter.append(timed(PRODUCT, small, folder / "small.csv"))
        same = same_result(folder / "product.csv", folder / "pandas.csv")
    product, by_expressions = step()

    def median(runs: list[dict[str, float]], what: str) -> float:
        return statistics.median(one[what] for one in runs)

    return [
        {
            "name": "score 1,000,000 rows",
            "seconds": round(median(ours, "seconds"), 2),
            "cpu": round(median(ours, "cpu"), 2),
            "pandas_seconds": round(median(theirs, "seconds"), 2),
            "pandas_cpu": round(median(theirs, "cpu"), 2),
            "faster": round(median(theirs, "seconds") / median(ours, "seconds"), 1),
            "same": same,
        },
        {
            "name": "memory",
            "mb": round(median(ours, "mb")),
            "quarter_mb": round(median(quarter, "mb")),
            "pandas_mb": round(median(theirs, "mb")),
            "grows": round(median(ours, "mb") / median(quarter, "mb"), 2),
        },
        {
            "name": "scoring step",
            "seconds": round(product, 3),
            "hand_seconds": round(by_expressions, 3),
            "ratio": round(product / by_expressions, 2),
        },
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
