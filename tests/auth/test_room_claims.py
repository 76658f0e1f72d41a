from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotAllowed, Unauthorized

from .forging import JSON, encode
from .holder import VIDEO, by_api_key, refusal, verify, with_video


@pytest.mark.parametrize("empty", [None, ""])
async def test_what_is_empty_counts_as_unset(empty: Any) -> None:
    claims = await verify(by_api_key({"name": empty, "metadata": empty, "jti": empty, "attributes": None}))
    assert (claims.name, claims.metadata, claims.attributes, claims.token_id) == (None, "", {}, None)


@pytest.mark.parametrize("issuer", [None, ""])
async def test_a_token_of_nobody_is_refused(issuer: Any) -> None:
    assert await refusal(by_api_key({"iss": issuer})) == "the token's issuer (iss) is no API key that is known here"


@pytest.mark.parametrize("identity", [None, ""])
async def test_a_token_for_nobody_is_refused(identity: Any) -> None:
    assert await refusal(by_api_key({"sub": identity})) == "the token does not name its holder (sub)"


@pytest.mark.parametrize("claim", ["iss", "sub", "name", "metadata", "jti"])
@pytest.mark.parametrize("value", [1, True, [], {}, "a\x00b", "\ud800"], ids=ascii)
async def test_a_claim_that_is_no_text_is_refused(claim: str, value: Any) -> None:
    assert await refusal(by_api_key({claim: value})) == f"the token's {claim} is no text"


@pytest.mark.parametrize(
    ("claim", "longest"), [("iss", 128), ("sub", 128), ("name", 64), ("metadata", 4_096), ("jti", 128)]
)
async def test_a_claim_may_be_so_long_and_no_longer(claim: str, longest: int) -> None:
    if claim != "iss":
        assert await verify(by_api_key({claim: "x" * longest}))
    reason = f"the token's {claim} is longer than {longest} characters"
    assert await refusal(by_api_key({claim: "x" * (longest + 1)})) == reason


async def test_attributes_may_be_so_many_and_so_long_and_no_more() -> None:
    many = {str(number): "x" for number in range(32)}
    assert (await verify(by_api_key({"attributes": many}))).attributes == many
    assert "more than 32 attributes" in await refusal(by_api_key({"attributes": {**many, "32": "x"}}))
    assert await verify(by_api_key({"attributes": {"n" * 512: "v" * 512}}))
    for attributes in ({"n" * 513: "v"}, {"n": "v" * 513}):
        assert "attributes is longer than 512" in await refusal(by_api_key({"attributes": attributes}))


@pytest.mark.parametrize("attributes", [1, "x", [], [["a", "b"]], True])
async def test_attributes_that_are_no_object_are_refused(attributes: Any) -> None:
    assert await refusal(by_api_key({"attributes": attributes})) == "the token's attributes is no object"


@pytest.mark.parametrize("value", [1, None, {}, [], "\x00"], ids=ascii)
async def test_an_attribute_that_is_no_text_is_refused(value: Any) -> None:
    assert await refusal(by_api_key({"attributes": {"hair": value}})) == "the token's attributes is no text"


@pytest.mark.parametrize("video", [1, "x", [], [VIDEO], True])
async def test_a_video_that_is_no_object_is_refused(video: Any) -> None:
    assert await refusal(by_api_key({"video": video})) == "the token's video is no object"


@pytest.mark.parametrize(
    "video",
    [None, {}, {"room": "demo"}, {"roomJoin": False, "room": "demo"}, {"roomJoin": True}, {**VIDEO, "room": ""}],
)
async def test_a_good_token_that_lets_into_no_room_is_not_allowed(video: Any) -> None:
    assert "lets into no room" in await refusal(by_api_key({"video": video}), NotAllowed)


@pytest.mark.parametrize("value", ["true", 1, 0, [], {}])
@pytest.mark.parametrize("name", ["roomJoin", "canPublish", "canSubscribe", "canPublishData", "roomAdmin", "hidden"])
async def test_a_grant_that_is_no_flag_is_refused(name: str, value: Any) -> None:
    assert await refusal(with_video(**{name: value})) == f"the token's video.{name} is neither true nor false"


@pytest.mark.parametrize("room", [1, [], {}, True, "\x00"], ids=ascii)
async def test_a_room_that_is_no_text_is_refused(room: Any) -> None:
    assert await refusal(with_video(room=room)) == "the token's video.room is no text"


@pytest.mark.parametrize("sources", ["camera", {"camera": True}, [1], True])
async def test_sources_that_are_no_texts_are_refused(sources: Any) -> None:
    assert (
        await refusal(with_video(canPublishSources=sources))
        == "the token's video.canPublishSources is no list of texts"
    )


NAMES = ("iss", "sub", "aud", "exp", "nbf", "name", "metadata", "attributes", "jti", "role", "video")


@given(st.text())
def test_garbage_is_refused_and_nothing_else_happens(text: str) -> None:
    with pytest.raises(Unauthorized):
        asyncio.run(verify(text))


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_claims_of_any_type_under_a_good_signature_raise_nothing_else(changes: dict[str, Any]) -> None:
    survives(by_api_key(changes))


@given(st.dictionaries(st.sampled_from(["roomJoin", "room", "canPublish", "canPublishSources", "hidden"]), JSON))
def test_grants_of_any_type_under_a_good_signature_raise_nothing_else(changes: dict[str, Any]) -> None:
    survives(with_video(**changes))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_parts_of_any_bytes_are_refused_and_nothing_else_happens(header: bytes, claims: bytes) -> None:
    with pytest.raises(Unauthorized):
        asyncio.run(verify(f"{encode(header)}.{encode(claims)}.AAAA"))


def survives(text: str) -> None:
    """See that a token is either read or refused."""
    try:
        asyncio.run(verify(text))
    except (Unauthorized, NotAllowed) as error:
        assert str(error)
