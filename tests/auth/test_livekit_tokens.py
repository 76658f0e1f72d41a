from __future__ import annotations

from datetime import UTC, datetime, timedelta

from livekit import api

from app.auth.grants import Grants
from app.auth.room_tokens import RoomClaims
from app.errors import NotAllowed

from .holder import API_KEY, SECRET, refusal, verify


async def test_livekits_simplest_token_lets_in() -> None:
    grants = api.VideoGrants(room_join=True, room="demo")
    text = api.AccessToken(API_KEY, SECRET).with_identity("zoe").with_grants(grants).to_jwt()
    claims = await verify(text)
    assert claims == RoomClaims(
        issuer=API_KEY,
        room="demo",
        identity="zoe",
        name=None,
        metadata="",
        attributes={},
        grants=Grants(),
        role=None,
        token_id=None,
        expires_at=claims.expires_at,
    )
    # LiveKit's tokens are good for six hours unless said otherwise.
    assert timedelta(hours=5) < claims.expires_at - datetime.now(UTC) <= timedelta(hours=6)


async def test_livekits_fullest_token_says_all_that_it_was_made_of() -> None:
    grants = api.VideoGrants(
        room_join=True,
        room="demo",
        room_admin=True,
        room_create=True,
        can_publish=True,
        can_subscribe=False,
        can_publish_data=False,
        can_publish_sources=["camera", "SCREEN_SHARE"],
        can_update_own_metadata=True,
        hidden=True,
        recorder=True,
        agent=True,
        can_subscribe_metrics=True,
    )
    token = api.AccessToken(API_KEY, SECRET).with_identity("zoe").with_name("Zoë").with_kind("agent")
    token = token.with_metadata('{"a": 1}').with_attributes({"hair": "grün"}).with_grants(grants)
    token = token.with_sip_grants(api.SIPGrants(call=True)).with_ttl(timedelta(minutes=1)).with_room_preset("big")
    claims = await verify(token.with_room_config(api.RoomConfiguration(name="demo")).to_jwt())
    assert (claims.identity, claims.name, claims.metadata) == ("zoe", "Zoë", '{"a": 1}')
    assert claims.attributes == {"hair": "grün"}
    assert claims.expires_at - datetime.now(UTC) <= timedelta(minutes=1)
    assert claims.grants == Grants(
        can_publish=True,
        can_publish_sources=frozenset({"camera", "screen_share"}),
        can_subscribe=False,
        can_publish_data=False,
        can_update_own_metadata=True,
        room_admin=True,
        hidden=True,
    )


async def test_livekits_token_to_move_on_to_another_room_lets_into_the_first() -> None:
    grants = api.VideoGrants(room_join=True, room="demo", destination_room="other", can_publish=False)
    text = api.AccessToken(API_KEY, SECRET).with_identity("zoe").with_grants(grants).to_jwt()
    claims = await verify(text)
    assert claims.room == "demo"
    assert not claims.grants.can_publish


async def test_livekits_expired_token_is_refused() -> None:
    token = api.AccessToken(API_KEY, SECRET).with_identity("zoe").with_ttl(timedelta(minutes=-1))
    text = token.with_grants(api.VideoGrants(room_join=True, room="demo")).to_jwt()
    assert await refusal(text) == "the token has expired"


async def test_livekits_token_of_another_secret_is_refused() -> None:
    token = api.AccessToken(API_KEY, "another " + SECRET).with_identity("zoe")
    text = token.with_grants(api.VideoGrants(room_join=True, room="demo")).to_jwt()
    assert await refusal(text) == "the token's signature is wrong"


async def test_livekits_token_of_an_unknown_key_is_refused() -> None:
    token = api.AccessToken("CKother", SECRET).with_identity("zoe")
    text = token.with_grants(api.VideoGrants(room_join=True, room="demo")).to_jwt()
    assert await refusal(text) == "the token's issuer (iss) is no API key that is known here"


async def test_livekits_token_without_room_lets_into_none() -> None:
    text = api.AccessToken(API_KEY, SECRET).with_grants(api.VideoGrants(room_list=True)).with_identity("zoe").to_jwt()
    assert "lets into no room" in await refusal(text, NotAllowed)
