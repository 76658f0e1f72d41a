"""Tells schemathesis, which loads this by itself, what a cursor is: one of those in the file ``cursors``."""

from __future__ import annotations

import json
from pathlib import Path

import schemathesis
from hypothesis import strategies as st

schemathesis.openapi.format(
    "cursor", st.sampled_from([json.loads(line) for line in Path("cursors").read_text().splitlines()])
)
