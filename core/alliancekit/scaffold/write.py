"""Write a distribution: all of its files, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from alliancekit.errors import ScaffoldError


def write(files: Mapping[str, bytes], target: Path) -> None:
    """Write files beside the target, then give the folder its name.

    Args:
        files: content by path below the target, with slashes.
        target: the folder to make; the ones above it are made as needed.

    Raises:
        ScaffoldError: the target exists, or the disk refuses; nothing is left behind.
    """
    made = next((folder for folder in (*reversed(target.parents),) if not folder.exists()), None)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
            # The scratch folder is its owner's alone; one inside has the usual permissions.
            draft = Path(scratch) / target.name
            draft.mkdir()
            for path, content in files.items():
                file = draft / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            draft.rename(target)
    except OSError as error:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)
        raise ScaffoldError(
            f"{target} cannot be written ({error.strerror or type(error).__name__}). Nothing was written.",
            fix="Choose another folder with --into.",
        ) from None
