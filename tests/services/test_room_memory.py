from __future__ import annotations

import pytest

from app.services import room_memory
from app.services.room_memory import RoomMemory


def test_it_knows_what_was_noted_last() -> None:
    memory = RoomMemory()
    memory.note("kitchen", None)
    memory.note_role("kitchen", "bob", "member")
    memory.note_role("kitchen", "bob", None)
    memory.note("kitchen", None)
    remembered = memory.get("kitchen")
    assert remembered is not None and dict(remembered.roles) == {"bob": None}
    memory.forget("kitchen")
    memory.forget("kitchen")
    assert memory.get("kitchen") is None


def test_of_rooms_that_it_does_not_know_it_notes_no_roles() -> None:
    memory = RoomMemory()
    memory.note_role("kitchen", "bob", "member")
    assert memory.get("kitchen") is None


def test_it_forgets_what_was_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_memory, "MAX_ROOMS", 2)
    monkeypatch.setattr(room_memory, "MAX_PEOPLE", 2)
    memory = RoomMemory()
    for code in ("a", "b", "a", "c"):
        memory.note(code, None)
    assert [code for code in "abc" if memory.get(code)] == ["a", "c"]
    for identity in ("x", "y", "x", "z"):
        memory.note_role("a", identity, "guest")
    remembered = memory.get("a")
    assert remembered is not None and list(remembered.roles) == ["x", "z"]
