from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.auth.access_tokens import AccessTokens
from app.auth.grants import Grants
from app.auth.room_tokens import RoomClaims, RoomToken, RoomTokens
from app.auth.secret_keys import SecretKeys
from app.config import Limits, Settings
from app.errors import BadRequest, Unauthorized, Unavailable

from .forging import KEYS, NO_TIMES, forge, segment, soon, without
from .holder import API_KEY, CLAIMS, HEADER, SECRET, TOKENS, by_api_key, find_nothing, refusal, verify


def mint(tokens: RoomTokens = TOKENS, name: str = "", metadata: str = "") -> RoomToken:
    """A token of Connect itself for a member."""
    return tokens.mint(room="demo", identity="zoe", name=name, grants=Grants(), role="member", metadata=metadata)


async def test_a_token_of_ours_says_all_that_it_was_made_of() -> None:
    grants = Grants(can_publish_sources=frozenset({"microphone"}), room_admin=True, can_update_own_metadata=True)
    token = TOKENS.mint(
        room="bcdf-ghjk-mnpq",
        identity="guest-abc",
        name="Zoë",
        grants=grants,
        role="moderator",
        metadata="{}",
        attributes={"hair": "grün"},
    )
    assert await TOKENS.verify(token.text, find_nothing) == RoomClaims(
        issuer="connect",
        room="bcdf-ghjk-mnpq",
        identity="guest-abc",
        name="Zoë",
        metadata="{}",
        attributes={"hair": "grün"},
        grants=grants,
        role="moderator",
        token_id=token.token_id,
        expires_at=token.expires_at,
    )
    assert token.text not in repr(token)


async def test_it_is_good_for_as_long_as_the_settings_say() -> None:
    left = mint().expires_at - datetime.now(UTC)
    expected = timedelta(seconds=Settings().room_token_seconds)
    assert expected - timedelta(seconds=30) < left <= expected
    text = mint(RoomTokens(KEYS, dataclasses.replace(Settings(), room_token_seconds=-60))).text
    assert await refusal(text) == "the token has expired"


async def test_a_name_that_is_too_long_by_now_is_cut_and_does_not_lock_anybody_out() -> None:
    settings = dataclasses.replace(Settings(), limits=Limits(max_name_length=3))
    tokens = RoomTokens(KEYS, settings)
    text = mint(tokens, name="Zoë!").text
    assert (await tokens.verify(text, find_nothing)).name == "Zoë"


def test_no_token_is_made_that_would_be_too_long() -> None:
    with pytest.raises(BadRequest, match="too long for a token"):
        mint(metadata="ë" * 2_000)


async def test_tokens_of_the_old_key_are_good_while_that_key_is_listed() -> None:
    old = RoomTokens(SecretKeys({"old": "o" * 32}), Settings())
    text = mint(old).text
    assert (await verify(text)).identity == "zoe"
    with pytest.raises(Unauthorized, match="key is not known here"):
        await RoomTokens(SecretKeys({"new": "n" * 32}), Settings()).verify(text, find_nothing)


async def test_an_access_token_is_no_room_token() -> None:
    text = AccessTokens(KEYS, Settings()).mint(uuid4(), uuid4()).text
    assert await refusal(text) == "the token is not for connect:room"


async def test_a_secret_that_can_be_guessed_is_refused() -> None:
    async def find_weak(id: str) -> str | None:
        return "secret"

    with pytest.raises(Unauthorized, match="too short to be safe"):
        await TOKENS.verify(forge(CLAIMS, b"secret", HEADER), find_weak)


async def test_a_database_that_does_not_answer_is_no_wrong_token() -> None:
    async def find_later(id: str) -> str | None:
        raise Unavailable("the database does not answer")

    with pytest.raises(Unavailable):
        await TOKENS.verify(by_api_key(), find_later)


async def test_the_database_is_not_asked_for_garbage() -> None:
    for text in ("x", forge(CLAIMS, SECRET.encode(), {"alg": "none"}), forge({**CLAIMS, "iss": ""}, b"x", HEADER)):
        with pytest.raises(Unauthorized):
            await TOKENS.verify(text, find_nothing)


async def test_holders_of_api_keys_give_no_role() -> None:
    assert (await verify(by_api_key({"role": "owner"}))).role is None


async def test_holders_of_api_keys_cannot_speak_for_connect() -> None:
    for header in (HEADER, {**HEADER, "kid": "new"}, {**HEADER, "kid": API_KEY}):
        forged = forge({**CLAIMS, "iss": "connect", "aud": "connect:room"}, SECRET.encode(), header)
        assert await refusal(forged)


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "HS512", "RS256", "", None, 1, ["HS256"]])
async def test_another_algorithm_is_refused(algorithm: Any) -> None:
    text = forge(CLAIMS, SECRET.encode(), {"alg": algorithm})
    assert await refusal(text) == "the token is not signed with HS256"
    assert await refusal(f"{segment({'alg': algorithm})}.{segment(CLAIMS)}.") == "the token is not signed with HS256"


async def test_a_token_without_signature_is_refused() -> None:
    assert await refusal(f"{segment(HEADER)}.{segment(CLAIMS)}.") == "the token's signature is wrong"


async def test_a_huge_token_is_refused_unread() -> None:
    assert await refusal(by_api_key({"more": "x" * 8_192})) == "the token is longer than 8192 characters"


@pytest.mark.parametrize("audience", ["connect:room", ["connect:room", "others"]])
async def test_an_audience_may_be_given(audience: Any) -> None:
    assert await verify(by_api_key({"aud": audience}))


@pytest.mark.parametrize("audience", ["connect:api", "", None, [], ["connect:api"], {"connect:room": 1}, 1])
async def test_another_audience_is_refused(audience: Any) -> None:
    assert await refusal(by_api_key({"aud": audience})) == "the token is not for connect:room"


async def test_a_token_that_never_expires_is_refused() -> None:
    text = forge(without(CLAIMS, "exp"), SECRET.encode(), HEADER)
    assert await refusal(text) == "the token does not say when it expires (exp)"


async def test_a_token_of_the_future_is_refused() -> None:
    assert await refusal(by_api_key({"nbf": soon() - 60})) == "the token is not good yet"


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("time", NO_TIMES, ids=str)
async def test_a_time_that_is_none_is_refused(claim: str, time: Any) -> None:
    assert await refusal(by_api_key({claim: time})) == f"the token's {claim} is no time"
