"""What Redis does in one step: the Lua scripts of ``scripts/``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parent / "scripts"
_COMMON = (_FOLDER / "common.lua").read_text()

#: What is to be loaded into Redis, by name.
SOURCES: Mapping[str, str] = MappingProxyType(
    {path.stem: _COMMON + path.read_text() for path in sorted(_FOLDER.glob("*.lua")) if path.stem != "common"}
)
#: What they are called there.
DIGESTS: Mapping[str, str] = MappingProxyType(
    # Redis identifies scripts by it.
    {name: hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest() for name, source in SOURCES.items()}
)
