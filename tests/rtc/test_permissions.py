"""What grants allow: the rules, apart from where they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from app.auth.grants import Grants
from app.errors import BadRequest, NotAllowed
from app.mediasoup.rtp_parameters import MediaKind
from app.rtc import permissions
from app.rtc.permissions import Need


@pytest.mark.parametrize(
    ("kind", "app_data", "expected"),
    [
        ("audio", {}, "microphone"),
        ("video", {}, "camera"),
        ("video", {"source": None}, "camera"),
        ("video", {"source": "screen_share"}, "screen_share"),
        ("audio", {"source": "screen_share_audio"}, "screen_share_audio"),
        ("video", {"source": "share"}, "share"),
    ],
)
def test_a_producers_source_is_what_it_says_or_what_is_likely(
    kind: MediaKind, app_data: dict[str, Any], expected: str
) -> None:
    assert permissions.source_of(kind, app_data) == expected


@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("audio", "camera"),
        ("audio", "screen_share"),
        ("video", "microphone"),
        ("video", "screen_share_audio"),
        ("video", 5),
        ("video", ["camera"]),
    ],
)
def test_a_source_that_can_not_be_is_refused(kind: MediaKind, source: object) -> None:
    with pytest.raises(BadRequest, match=r"data\.appData\.source"):
        permissions.source_of(kind, {"source": source})


@pytest.mark.parametrize(
    ("grants", "source", "allowed"),
    [
        (Grants(), "camera", True),
        (Grants(), "share", True),
        (Grants(can_publish=False), "camera", False),
        (Grants(hidden=True), "camera", False),
        (Grants(can_publish_sources=frozenset({"microphone"})), "microphone", True),
        (Grants(can_publish_sources=frozenset({"microphone"})), "camera", False),
        (Grants(can_publish_sources=frozenset({"share"})), "share", False),
    ],
)
def test_sources_may_be_sent_as_granted(grants: Grants, source: str, allowed: bool) -> None:
    assert permissions.may_publish(grants, source) is allowed
    if not allowed:
        with pytest.raises(NotAllowed):
            permissions.check_publish(grants, source)


@pytest.mark.parametrize(
    ("need", "enough", "too_little"),
    [
        ("publish", Grants(), Grants(can_publish=False)),
        ("publish", Grants(), Grants(hidden=True)),
        ("publish_data", Grants(), Grants(can_publish_data=False)),
        ("publish_data", Grants(), Grants(hidden=True)),
        ("subscribe", Grants(hidden=True), Grants(can_subscribe=False)),
        ("moderate", Grants(room_admin=True), Grants()),
        ("use_plain_transports", Grants(can_use_plain_transports=True), Grants(room_admin=True)),
    ],
)
def test_each_need_asks_for_its_grant(need: Need, enough: Grants, too_little: Grants) -> None:
    permissions.check(enough, need)
    with pytest.raises(NotAllowed):
        permissions.check(too_little, need)


@pytest.mark.parametrize(
    ("may_choose", "fixed", "wanted", "expected"),
    [
        (False, None, "Ada", "Ada"),
        (False, "Countess", "Ada", "Countess"),
        (True, "Countess", "Ada", "Ada"),
        (True, "Countess", "", "Countess"),
        (True, None, "", ""),
    ],
)
def test_a_tokens_name_goes_before_the_clients(may_choose: bool, fixed: str | None, wanted: str, expected: str) -> None:
    assert permissions.display_name(Grants(can_update_own_metadata=may_choose), fixed, wanted) == expected
