from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from app.auth.access_tokens import AccessTokens
from app.auth.grants import Grants
from app.auth.room_tokens import RoomTokens
from app.auth.secret_keys import SecretKeys
from app.config import Settings
from app.errors import Unauthorized

from .forging import JSON, KEYS, NO_TIMES, encode, forge, segment, soon, without

#: The same in every process: names of tests have them.
USER, FAMILY, TOKEN = UUID(int=1), UUID(int=2), UUID(int=3)
TOKENS = AccessTokens(KEYS, Settings())
KEY = KEYS.derive(b"access tokens")["new"]
HEADER = {"alg": "HS256", "typ": "JWT", "kid": "new"}
CLAIMS: dict[str, Any] = {
    "iss": "connect",
    "aud": "connect:api",
    "sub": str(USER),
    "fam": str(FAMILY),
    "jti": str(TOKEN),
    "iat": int(time.time()),
    "exp": soon(),
}


def refusal(text: str) -> str:
    """Say why a token was refused."""
    with pytest.raises(Unauthorized) as caught:
        TOKENS.verify(text)
    return str(caught.value)


def test_a_token_says_who_signed_in_and_for_how_long() -> None:
    token = TOKENS.mint(USER, FAMILY)
    claims = TOKENS.verify(token.text)
    assert (claims.user_id, claims.family_id) == (USER, FAMILY)
    assert token.expires_in == Settings().access_token_seconds
    left = claims.expires_at - datetime.now(UTC)
    assert timedelta(seconds=token.expires_in - 30) < left <= timedelta(seconds=token.expires_in)


def test_it_has_the_claims_that_others_may_rely_on() -> None:
    text = TOKENS.mint(USER, FAMILY).text
    assert jwt.get_unverified_header(text) == HEADER
    claims = jwt.decode(text, KEY, algorithms=["HS256"], audience="connect:api", issuer="connect")
    assert set(claims) == set(CLAIMS)
    assert UUID(claims["jti"]) == TOKENS.verify(text).token_id


def test_no_two_tokens_have_the_same_id() -> None:
    ids = {TOKENS.verify(TOKENS.mint(USER, FAMILY).text).token_id for _ in range(10)}
    assert len(ids) == 10


def test_a_token_does_not_show_in_logs() -> None:
    token = TOKENS.mint(USER, FAMILY)
    assert token.text not in repr(token)


def test_what_the_forger_makes_with_the_right_key_is_good() -> None:
    # Else the refusals below would prove nothing.
    assert TOKENS.verify(forge(CLAIMS, KEY, HEADER)).user_id == USER


def test_a_token_of_the_old_key_is_good_while_that_key_is_listed() -> None:
    text = AccessTokens(SecretKeys({"old": "o" * 32}), Settings()).mint(USER, FAMILY).text
    assert TOKENS.verify(text).user_id == USER
    with pytest.raises(Unauthorized, match="key is not known here, or not any more"):
        AccessTokens(SecretKeys({"new": "n" * 32}), Settings()).verify(text)


def test_an_expired_token_is_refused() -> None:
    tokens = AccessTokens(KEYS, dataclasses.replace(Settings(), access_token_seconds=-60))
    assert refusal(tokens.mint(USER, FAMILY).text) == "the token has expired"


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_a_token_of_the_future_is_refused(claim: str) -> None:
    assert refusal(forge({**CLAIMS, claim: soon() - 60}, KEY, HEADER)) == "the token is not good yet"


def test_clocks_may_differ_by_a_few_seconds() -> None:
    now = int(time.time())
    assert TOKENS.verify(forge({**CLAIMS, "exp": now - 5, "nbf": now + 5, "iat": now + 5}, KEY, HEADER))
    assert refusal(forge({**CLAIMS, "exp": now - 11}, KEY, HEADER)) == "the token has expired"


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize("time", NO_TIMES, ids=str)
def test_a_time_that_is_none_is_refused(claim: str, time: Any) -> None:
    assert refusal(forge({**CLAIMS, claim: time}, KEY, HEADER)) == f"the token's {claim} is no time"


def test_a_token_that_never_expires_is_refused() -> None:
    assert refusal(forge(without(CLAIMS, "exp"), KEY, HEADER)) == "the token does not say when it expires (exp)"


@pytest.mark.parametrize("algorithm", ["none", "None", "HS384", "RS256", "ES256", "", None, 1, ["HS256"], {}])
def test_another_algorithm_is_refused_whatever_the_signature(algorithm: Any) -> None:
    assert refusal(forge(CLAIMS, KEY, {**HEADER, "alg": algorithm})) == "the token is not signed with HS256"


@pytest.mark.parametrize("algorithm", ["none", "NONE", "HS256"])
def test_a_token_without_signature_is_refused(algorithm: str) -> None:
    assert refusal(f"{segment({**HEADER, 'alg': algorithm})}.{segment(CLAIMS)}.")


def test_a_token_without_algorithm_is_refused() -> None:
    assert refusal(forge(CLAIMS, KEY, without(HEADER, "alg"))) == "the token is not signed with HS256"


def test_a_real_rs256_token_is_refused() -> None:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    text = jwt.encode(CLAIMS, private, "RS256", headers={"kid": "new"})
    assert refusal(text) == "the token is not signed with HS256"


@pytest.mark.parametrize("crit", [["exp"], ["b64"], "b64", 1])
def test_what_a_header_calls_critical_and_nobody_knows_is_refused(crit: Any) -> None:
    assert refusal(forge(CLAIMS, KEY, {**HEADER, "crit": crit, "b64": False}))


@pytest.mark.parametrize(
    "key", [b"", b"n" * 32, KEYS.derive(b"access tokens")["old"], KEYS.derive(b"room tokens")["new"]]
)
def test_the_signature_of_any_other_key_is_refused(key: bytes) -> None:
    assert refusal(forge(CLAIMS, key, HEADER)) == "the token's signature is wrong"


def test_a_token_whose_claims_were_changed_is_refused() -> None:
    header, _, signature = TOKENS.mint(USER, FAMILY).text.split(".")
    assert refusal(f"{header}.{segment({**CLAIMS, 'sub': str(uuid4())})}.{signature}") == (
        "the token's signature is wrong"
    )


def test_a_token_that_names_no_key_is_refused() -> None:
    assert refusal(forge(CLAIMS, KEY, without(HEADER, "kid"))) == "the token does not name its key (kid)"


@pytest.mark.parametrize("kid", ["", "unknown", "../new", "n" * 5_000])
def test_a_token_of_an_unknown_key_is_refused(kid: str) -> None:
    assert refusal(forge(CLAIMS, KEY, {**HEADER, "kid": kid})) == "the token's key is not known here, or not any more"


@pytest.mark.parametrize("kid", [None, 1, ["new"], {"new": 1}])
def test_a_key_id_that_is_no_text_is_refused(kid: Any) -> None:
    assert refusal(forge(CLAIMS, KEY, {**HEADER, "kid": kid})) == "the token is malformed"


@pytest.mark.parametrize("issuer", ["Connect", "", None, 1, ["connect"], {}])
def test_another_issuer_is_refused(issuer: Any) -> None:
    assert refusal(forge({**CLAIMS, "iss": issuer}, KEY, HEADER)) == "the token was not made by Connect"


@pytest.mark.parametrize("audience", ["connect:room", "connect", "", None, 1, {"connect:api": 1}, ["connect:room"]])
def test_another_audience_is_refused(audience: Any) -> None:
    assert refusal(forge({**CLAIMS, "aud": audience}, KEY, HEADER)) == "the token is not for connect:api"


def test_a_room_token_is_no_access_token() -> None:
    room_token = RoomTokens(KEYS, Settings()).mint(
        room="abc", identity=str(USER), name="", grants=Grants(room_admin=True), role="owner"
    )
    assert refusal(room_token.text) == "the token is not for connect:api"


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "fam", "jti", "exp"])
def test_no_claim_may_be_missing(claim: str) -> None:
    assert refusal(forge(without(CLAIMS, claim), KEY, HEADER))


@pytest.mark.parametrize("claim", ["sub", "fam", "jti"])
@pytest.mark.parametrize("value", [None, "", "x", 5, [], {}, "\x00", "\ud800", str(USER) + "0"], ids=ascii)
def test_an_id_that_is_none_is_refused(claim: str, value: Any) -> None:
    assert refusal(forge({**CLAIMS, claim: value}, KEY, HEADER)) == f"the token's {claim} is no id"


@pytest.mark.parametrize("claims", [None, [], "text", 1, [CLAIMS]], ids=["null", "[]", "text", "1", "a list"])
def test_claims_that_are_no_object_are_refused(claims: Any) -> None:
    assert refusal(forge(claims, KEY, HEADER)) == "the token is malformed"


def test_claims_that_are_nested_without_end_are_refused() -> None:
    # Within the size that is read at all.
    deep = encode(b"[" * 4_000)
    assert refusal(f"{segment(HEADER)}.{deep}.AAAA") == "the token is malformed"


def test_a_huge_token_is_refused_unread() -> None:
    text = forge({**CLAIMS, "more": "x" * 6_200}, KEY, HEADER)
    assert len(text) > 8_192
    assert refusal(text) == "the token is longer than 8192 characters"
    assert refusal("x" * 10_000_000) == "the token is longer than 8192 characters"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a.b.c", "null", "ä.ö.ü", "\ud800.\udfff.", "\x00", " ", "=.=.="]
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refusal(text) == "the token is malformed"


@given(st.text() | st.from_regex(r"[A-Za-z0-9_=-]{0,40}\.[A-Za-z0-9_=-]{0,40}\.[A-Za-z0-9_=-]{0,40}", fullmatch=True))
def test_garbage_is_refused_and_nothing_else_happens(text: str) -> None:
    assert refusal(text)


@given(st.dictionaries(st.sampled_from(sorted(HEADER)) | st.text(), JSON), JSON)
def test_any_header_and_any_claims_are_refused_and_nothing_else_happens(header: Any, claims: Any) -> None:
    assert refusal(forge(claims, b"another key", {**HEADER, **header}))


@given(st.dictionaries(st.sampled_from(sorted(CLAIMS)), JSON, min_size=1))
def test_claims_of_any_type_under_our_own_signature_raise_nothing_else(changes: dict[str, Any]) -> None:
    try:
        TOKENS.verify(forge({**CLAIMS, **changes}, KEY, HEADER))
    except Unauthorized as error:
        assert str(error)


@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    text = TOKENS.mint(USER, FAMILY).text
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != text[at]))
    assert refusal(text[:at] + other + text[at + 1 :])


@given(st.integers(0, 8_192))
def test_a_token_cut_short_is_refused(length: int) -> None:
    text = TOKENS.mint(USER, FAMILY).text
    assert refusal(text[: length % len(text)])
