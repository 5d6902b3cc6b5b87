"""Files of answers: CSV, gzip CSV and Parquet, from a spreadsheet or a statistics program.

files     the one reader of tables: whole, or in batches with row numbers
blocks    a CSV file as blocks of whole rows, and why one is refused
numbers   cells as numbers, or row and column of those that are none
columns   which column holds which item
answers   item columns as the integers that are stored
score     the scales of each row
sinks     where rows are written, all or none
run       score a file
"""

from __future__ import annotations

from importlib.util import find_spec

from alliancekit.errors import AllianceKitError

if missing := [name for name in ("numpy", "polars") if find_spec(name) is None]:
    raise AllianceKitError(
        f"Files of answers need {' and '.join(missing)}, which is not installed.",
        fix="Install the extra: pip install 'alliancekit[research]'.",
    )
