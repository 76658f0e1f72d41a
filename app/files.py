"""Files that the app makes for itself when they are missing."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def make_file(path: Path, text: str) -> None:
    """
    Write a file for this user alone, unless another process is faster; it appears whole or not at all.

    :raises OSError: it can't be made
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp gives mode 0600.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # Unlike a rename, a link never replaces what is there.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)
