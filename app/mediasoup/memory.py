"""
What a worker's dumps do not tell: whoever adopts a router must remember it, see :mod:`.adoption`.

Values that JSON can hold as far as ``app_data`` can; where and how they are kept is the application's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from .rtp_parameters import RtpCapabilities, Value

ObserverType = Literal["activespeaker", "audiolevel"]

#: A transport that was adopted counts its MIDs from the next multiple of this on.
MIDS_OF_A_GENERATION: Final = 100_000


class TransportMemory(Value, frozen=True):
    """
    Of a transport: the CNAME that its first producer brought, and how often it was adopted.

    Each generation has MIDs of its own: an endpoint may still know those of consumers that nobody else knows of.
    """

    cname: str | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterMemory:
    """
    Of a router and what is in it, by id; ``router.memory`` makes it.

    ``rtp_capabilities`` are those that its producers were made with. An observer that is missing is not adopted; a
    transport that is missing takes its CNAME and its generation from what it carries, and ``app_data`` are empty
    unless given.
    """

    rtp_capabilities: RtpCapabilities
    observers: Mapping[str, ObserverType] = field(default_factory=dict)
    transports: Mapping[str, TransportMemory] = field(default_factory=dict)
    app_data: Mapping[str, dict[str, Any]] = field(default_factory=dict)
