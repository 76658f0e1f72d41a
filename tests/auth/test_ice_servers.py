from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac

from app.auth.ice_servers import IceServers
from app.config import Settings

TURN = dataclasses.replace(
    Settings(),
    stun_urls=("stun:stun.example.org",),
    turn_urls=("turn:turn.example.org?transport=udp", "turns:turn.example.org"),
    turn_secrets=("the-new-secret-00", "the-old-secret-00"),
    turn_seconds=600,
)


def test_without_settings_there_are_no_servers_and_nothing_expires() -> None:
    given = IceServers(Settings()).for_user("ada")
    assert given.servers == () and given.expires_at is None


def test_a_turn_server_gets_credentials_as_the_rest_draft_says() -> None:
    given = IceServers(TURN, now=lambda: 1_000_000.9).for_user("ada")
    stun, turn = given.servers
    assert stun.urls == ("stun:stun.example.org",) and stun.username is None and stun.credential is None
    assert turn.urls == TURN.turn_urls
    assert turn.username is not None and turn.credential is not None
    expiry, _, user = turn.username.partition(":")
    assert int(expiry) == 1_000_600 and user
    expected = hmac.new(b"the-new-secret-00", turn.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(turn.credential) == expected
    assert given.expires_at == 1_000_600


def test_the_turn_server_learns_no_name() -> None:
    servers = IceServers(TURN)
    names = {servers.for_user(user).servers[1].username for user in ("ada@example.org", "bob@example.org")}
    assert len(names) == 2
    assert not any("ada" in (name or "") for name in names)
