"""
Scalability modes: how many spatial and temporal layers a stream has, as one word such as ``L3T3_KEY``.

Source: mediasoup ``node/src/scalabilityModesUtils.ts``; the names are those of WebRTC-SVC.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MODE = re.compile(r"[LS]([1-9][0-9]?)T([1-9][0-9]?)(_KEY)?")


@dataclass(frozen=True, slots=True)
class ScalabilityMode:
    """The layers of one stream; ``ksvc`` says that spatial layers need each other on key frames only."""

    spatial_layers: int = 1
    temporal_layers: int = 1
    ksvc: bool = False


def parse_scalability_mode(mode: str | None) -> ScalabilityMode:
    """Read ``mode``; one that is missing or unknown means a single layer, as the worker takes it."""
    match = _MODE.match(mode or "")
    if not match:
        return ScalabilityMode()
    spatial, temporal, key = match.groups()
    return ScalabilityMode(int(spatial), int(temporal), key is not None)
