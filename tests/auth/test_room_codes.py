from __future__ import annotations

import pytest

from app.auth.room_codes import is_room_code, is_rude, new_room_code


def test_new_codes_have_their_form_are_not_rude_and_never_the_same() -> None:
    codes = {new_room_code() for _ in range(2_000)}
    assert len(codes) == 2_000
    assert all(map(is_room_code, codes))
    assert not any(is_rude(code.replace("-", "")) for code in codes)


def test_every_letter_comes_up_at_every_place() -> None:
    codes = [new_room_code().replace("-", "") for _ in range(2_000)]
    assert all(len(set(letters)) == 20 for letters in zip(*codes, strict=True))


def test_no_letter_looks_like_another_or_makes_words() -> None:
    letters = {letter for _ in range(500) for letter in new_room_code()}
    assert not letters & set("aeioul01")


@pytest.mark.parametrize("letters", ["bbfckbbbbbbb", "bbbfvckbbbbb", "bbbbbbbbbkkk", "shtbbbbbbbbb"])
def test_rude_runs_are_seen_across_the_hyphens_too(letters: str) -> None:
    assert is_rude(letters)


@pytest.mark.parametrize(
    "text",
    [
        *("", "demo", "bcdf-ghjk", "bcdf-ghjk-mnp", "bcdf-ghjk-mnpqr", "bcdf-ghjk-mnpq-rstv", "bcdfghjkmnpq"),
        *(
            "Bcdf-ghjk-mnpq",
            "bcda-ghjk-mnpq",
            "bcdl-ghjk-mnpq",
            "bcdf_ghjk_mnpq",
            " bcdf-ghjk-mnpq",
            "bcdf-ghjk-mnpq\n",
        ),
    ],
)
def test_anything_else_is_no_code(text: str) -> None:
    assert not is_room_code(text)
