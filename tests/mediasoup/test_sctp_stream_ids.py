"""The ids of SCTP streams."""

import pytest

from app.mediasoup.errors import UnsupportedError
from app.mediasoup.sctp_stream_ids import SctpStreamIds


def test_ids_are_handed_out_one_after_the_other_and_around() -> None:
    ids = SctpStreamIds()
    ids.limit(3)
    assert [ids.take() for _ in range(3)] == [0, 1, 2]
    ids.give_back(1)
    assert ids.take() == 1


def test_there_are_only_so_many() -> None:
    ids = SctpStreamIds()
    ids.limit(1)
    ids.take()
    with pytest.raises(UnsupportedError, match="all 1 SCTP streams"):
        ids.take()


def test_a_limit_that_comes_late_holds_for_what_is_new() -> None:
    ids = SctpStreamIds()
    taken = [ids.take() for _ in range(5)]
    ids.limit(3)
    ids.give_back(taken[2])
    assert ids.take() == 2


def test_what_others_have_handed_out_is_not_handed_out_again() -> None:
    ids = SctpStreamIds()
    ids.use(3)
    ids.use(1)
    assert [ids.take() for _ in range(2)] == [4, 5]
    ids.limit(6)
    assert [ids.take() for _ in range(2)] == [0, 2]
