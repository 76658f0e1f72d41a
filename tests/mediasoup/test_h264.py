"""H264 profiles and levels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mediasoup.h264 import Parameters, is_same_profile, profile_level_id_for_answer
from app.mediasoup.rtp_parameters import ParameterValue

from .rtp_strategies import patient


def of(profile_level_id: ParameterValue | None = None, asymmetry: ParameterValue | None = None) -> Parameters:
    both = {"profile-level-id": profile_level_id, "level-asymmetry-allowed": asymmetry}
    return {name: value for name, value in both.items() if value is not None}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of(), of()),
        (of(), of("42e01f")),
        (of(""), of("42e01f")),
        (of("42e01f"), of("42E034")),
        (of("4d0032"), of("4d001f")),
        # Constrained baseline has several spellings.
        (of("42e01f"), of("58f00a")),
    ],
)
def test_levels_make_no_other_profile(one: Parameters, other: Parameters) -> None:
    assert is_same_profile(one, other)
    assert is_same_profile(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [(of(), of("42001f")), (of("42e01f"), of("640c1f")), (of("4d0032"), of("640032"))]
)
def test_other_profiles_differ(one: Parameters, other: Parameters) -> None:
    assert not is_same_profile(one, other)


@pytest.mark.parametrize("value", ["foo", "foobar", "000000", "42e01", "+42e01", "0x42e0", "42e0ff", 420010, 1.5])
def test_what_is_no_profile_equals_none_not_even_itself(value: ParameterValue) -> None:
    assert not is_same_profile(of(value), of(value))
    assert not is_same_profile(of(value), of())


def test_an_answer_has_the_lower_level() -> None:
    assert profile_level_id_for_answer(of("42e01f"), of("42e015")) == "42e015"
    assert profile_level_id_for_answer(of("42e015"), of("42e01f")) == "42e015"
    assert profile_level_id_for_answer(of("42e015", 1), of("42e01f", 0)) == "42e015"


def test_an_answer_has_our_own_level_if_both_allow_asymmetry() -> None:
    assert profile_level_id_for_answer(of("42e034", 1), of("42e015", "1")) == "42e034"


def test_an_answer_says_nothing_if_nobody_did() -> None:
    assert profile_level_id_for_answer(of(), of()) is None
    assert profile_level_id_for_answer(of(), of("42e01f")) == "42e01f"


@patient
@given(st.text(max_size=8) | st.integers() | st.floats(), st.text("0123456789abcdef", min_size=6, max_size=6))
def test_no_value_is_too_strange_to_be_compared(value: ParameterValue, profile: str) -> None:
    if is_same_profile(of(value), of(profile)):
        profile_level_id_for_answer(of(value), of(profile))
