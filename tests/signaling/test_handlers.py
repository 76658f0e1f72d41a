"""The table of methods, and that its documentation is complete."""

from __future__ import annotations

import re
from pathlib import Path

from app.rtc import events
from app.signaling import handlers, moderation
from app.signaling.connection import METHODS

DOCS = Path(__file__).parents[2] / "docs" / "signaling.md"


def documented(section: str) -> set[str]:
    """The names in the first column of a section's table."""
    text = DOCS.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def methods_of(kind: type[events.Event | events.Question]) -> set[str]:
    return {each.METHOD for each in kind.__subclasses__()}


def test_every_method_is_documented_and_no_other() -> None:
    assert documented("Requests of the client") == set(METHODS)


def test_all_that_the_server_says_is_documented_and_nothing_else() -> None:
    assert documented("Requests of the server") == methods_of(events.Question)
    assert documented("Notifications of the server") == methods_of(events.Event)


def test_what_changes_an_object_is_ordered_by_a_field_that_the_request_has() -> None:
    for method in METHODS.values():
        if method.ordered_by is not None:
            assert method.ordered_by in method.schema.__struct_fields__


def test_only_preparing_and_looking_is_allowed_before_joining() -> None:
    early = {name for name, method in METHODS.items() if not method.needs_join}
    assert early == {
        "getRouterRtpCapabilities",
        "getIceServers",
        "join",
        "resume",
        "createWebRtcTransport",
        "connectWebRtcTransport",
        "restartIce",
        "createPlainTransport",
        "connectPlainTransport",
        "getTransportStats",
        "getProducerStats",
        "getConsumerStats",
        "getDataProducerStats",
        "getDataConsumerStats",
        "applyNetworkThrottle",
        "resetNetworkThrottle",
    }


def test_moderators_methods_are_for_moderators_who_joined() -> None:
    assert all(name.startswith("moderator:") for name in moderation.METHODS)
    for method in moderation.METHODS.values():
        assert (method.needs, method.needs_join) == ("moderate", True)
    assert not any(method.needs == "moderate" for method in handlers.METHODS.values())
