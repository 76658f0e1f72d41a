"""What a peer may do with the grants that it has now. Pure: whoever acts asks here first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import fields, replace
from typing import Any, Literal

from app.auth.grants import SOURCES, Grants
from app.errors import BadRequest, NotAllowed
from app.mediasoup.rtp_parameters import MediaKind

Need = Literal["publish", "publish_data", "subscribe", "moderate", "be_seen", "describe_itself", "use_plain_transports"]

NEEDS: dict[Need, tuple[Callable[[Grants], bool], str]] = {
    "publish": (lambda grants: grants.can_publish and not grants.hidden, "you may not send audio or video here"),
    "publish_data": (lambda grants: grants.can_publish_data and not grants.hidden, "you may not send data here"),
    "subscribe": (lambda grants: grants.can_subscribe, "you may not receive anything here"),
    "moderate": (lambda grants: grants.room_admin, "only moderators may do that"),
    "be_seen": (lambda grants: not grants.hidden, "nobody sees you here"),
    "describe_itself": (lambda grants: grants.can_update_own_metadata, "your metadata are those that your token says"),
    "use_plain_transports": (
        lambda grants: grants.can_use_plain_transports,
        "your token does not say that you may use plain transports (canUsePlainTransports)",
    ),
}
#: What media of each kind can't be of.
CONTRADICTIONS = {"audio": ("camera", "screen_share"), "video": ("microphone", "screen_share_audio")}


def may(grants: Grants, need: Need) -> bool:
    """Whether ``grants`` cover ``need``."""
    return NEEDS[need][0](grants)


def check(grants: Grants, need: Need) -> None:
    """Raise NotAllowed unless ``grants`` cover ``need``."""
    if not may(grants, need):
        raise NotAllowed(NEEDS[need][1])


def changed(grants: Grants, news: Grants, names: Collection[str]) -> Grants:
    """Give ``grants`` with these fields as ``news`` has them; names that another release knows are passed over."""
    return replace(grants, **{each.name: getattr(news, each.name) for each in fields(grants) if each.name in names})


def source_of(kind: MediaKind, app_data: Mapping[str, Any]) -> str:
    """
    Say what a producer is a picture or the sound of.

    That is ``appData.source``; without it audio is a microphone's and video a camera's.

    :raises BadRequest: it is no text, or can't be of this kind
    """
    source = app_data.get("source")
    if source is None:
        return "microphone" if kind == "audio" else "camera"
    if not isinstance(source, str):
        raise BadRequest("data.appData.source: no text")
    if source in CONTRADICTIONS[kind]:
        raise BadRequest(f"data.appData.source: {source} is not {kind}")
    return source


def may_publish(grants: Grants, source: str) -> bool:
    """Whether media of ``source`` may be sent; what is unknown here, only by those who may send everything."""
    if source not in SOURCES and grants.can_publish_sources is not None:
        return False
    return grants.may_publish(source)


def check_publish(grants: Grants, source: str) -> None:
    """Raise NotAllowed unless media of ``source`` may be sent."""
    check(grants, "publish")
    if not may_publish(grants, source):
        raise NotAllowed(f"you may not send media of the source {source!r} here")


def display_name(grants: Grants, fixed: str | None, wanted: str) -> str:
    """Choose between the name that the token fixes, if it does, and the one that the client would like."""
    if fixed is None or (wanted and grants.can_update_own_metadata):
        return wanted
    return fixed


def check_rename(grants: Grants, fixed: str | None) -> None:
    """Raise NotAllowed if the token fixes the name."""
    if fixed is not None and not grants.can_update_own_metadata:
        raise NotAllowed("your name here is the one that your token says")
