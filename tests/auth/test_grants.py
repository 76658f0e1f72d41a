from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.grants import SOURCES, Grants

GRANTS = st.builds(
    Grants,
    can_publish=st.booleans(),
    can_publish_sources=st.none() | st.frozensets(st.sampled_from(SOURCES), min_size=1),
    can_subscribe=st.booleans(),
    can_publish_data=st.booleans(),
    can_update_own_metadata=st.booleans(),
    room_admin=st.booleans(),
    hidden=st.booleans(),
    can_use_plain_transports=st.booleans(),
)


@given(GRANTS)
def test_a_claim_says_all_that_the_grants_do(grants: Grants) -> None:
    assert Grants.from_claim(grants.to_claim()) == grants


def test_an_empty_claim_lets_take_part_but_not_moderate() -> None:
    grants = Grants.from_claim({})
    assert grants == Grants()
    assert grants.can_publish and grants.can_subscribe and grants.can_publish_data
    assert not (grants.room_admin or grants.hidden or grants.can_update_own_metadata)
    assert not grants.can_use_plain_transports


def test_data_follow_media_unless_said_otherwise() -> None:
    assert not Grants.from_claim({"canPublish": False}).can_publish_data
    assert Grants.from_claim({"canPublish": False, "canPublishData": True}).can_publish_data
    assert not Grants.from_claim({"canPublishData": False}).can_publish_data


@pytest.mark.parametrize("source", SOURCES)
def test_without_a_list_any_source_may_be_published(source: str) -> None:
    assert Grants.from_claim({"canPublishSources": None}).may_publish(source)
    assert Grants.from_claim({"canPublishSources": []}).may_publish(source)


def test_with_a_list_only_those_sources_may_be_published() -> None:
    grants = Grants.from_claim({"canPublishSources": ["microphone", "SCREEN_SHARE"]})
    assert [source for source in SOURCES if grants.may_publish(source)] == ["microphone", "screen_share"]


@pytest.mark.parametrize("claim", [{"canPublish": False}, {"hidden": True}])
def test_who_may_not_publish_or_is_hidden_publishes_none_of_the_listed_sources_either(claim: dict[str, Any]) -> None:
    grants = Grants.from_claim({**claim, "canPublishSources": list(SOURCES)})
    assert not any(grants.may_publish(source) for source in SOURCES)


@pytest.mark.parametrize("value", ["", "true", 0, 1, [], {}])
def test_a_flag_is_true_or_false(value: Any) -> None:
    with pytest.raises(ValueError, match=r"video\.hidden"):
        Grants.from_claim({"hidden": value})
