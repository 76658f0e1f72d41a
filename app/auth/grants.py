"""
What the holder of a room token may do in its room.

The names on the wire are LiveKit's, so that its server SDKs can mint tokens for Connect.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: What a producer may be a picture or the sound of: ``appData.source``.
SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """
    May publish media (``can_publish_sources`` of these sources only; ``None``: of any), receive, and so on.

    ``room_admin`` may moderate. Who is ``hidden`` is not shown to others and can't publish. The last one is not
    LiveKit's, and comes with no role: a token has to say it that was made with an API key.
    """

    can_publish: bool = True
    can_publish_sources: frozenset[str] | None = None
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_own_metadata: bool = False
    room_admin: bool = False
    hidden: bool = False
    can_use_plain_transports: bool = False

    def may_publish(self, source: str) -> bool:
        """Whether media of this source may be sent."""
        if not self.can_publish or self.hidden:
            return False
        return self.can_publish_sources is None or source in self.can_publish_sources

    @classmethod
    def from_claim(cls, video: Mapping[str, Any]) -> Grants:
        """
        Read the claim ``video`` of a token. Unset ``canPublish`` and ``canSubscribe`` mean true, unset
        ``canPublishData`` follows ``canPublish``, an empty ``canPublishSources`` means all.

        :raises ValueError: a field has the wrong type; the message names it
        """
        can_publish = _flag(video, "canPublish", True)
        return cls(
            can_publish=can_publish,
            can_publish_sources=_sources(video),
            can_subscribe=_flag(video, "canSubscribe", True),
            can_publish_data=_flag(video, "canPublishData", can_publish),
            can_update_own_metadata=_flag(video, "canUpdateOwnMetadata", False),
            room_admin=_flag(video, "roomAdmin", False),
            hidden=_flag(video, "hidden", False),
            can_use_plain_transports=_flag(video, "canUsePlainTransports", False),
        )

    def to_claim(self) -> dict[str, Any]:
        """Give what :meth:`from_claim` reads."""
        claim: dict[str, Any] = {
            "canPublish": self.can_publish,
            "canSubscribe": self.can_subscribe,
            "canPublishData": self.can_publish_data,
            "canUpdateOwnMetadata": self.can_update_own_metadata,
            "roomAdmin": self.room_admin,
            "hidden": self.hidden,
            "canUsePlainTransports": self.can_use_plain_transports,
        }
        if self.can_publish_sources is not None:
            claim["canPublishSources"] = sorted(self.can_publish_sources)
        return claim


def _flag(video: Mapping[str, Any], name: str, default: bool) -> bool:
    value = video.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise ValueError(f"video.{name} is neither true nor false")
    return value


def _sources(video: Mapping[str, Any]) -> frozenset[str] | None:
    value = video.get("canPublishSources")
    if value is None or value == []:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("video.canPublishSources is no list of texts")
    # LiveKit takes them in any case, too. A source that is unknown here grants nothing.
    return frozenset(each.lower() for each in value)
