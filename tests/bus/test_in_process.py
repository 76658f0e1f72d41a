"""What is special to a bus inside one process."""

from __future__ import annotations

from tests.bus.people import NodesInProcess, Somebody
from tests.rtc.fakes import until


async def test_nobody_asks_for_facts_while_there_is_one_part() -> None:
    nodes = NodesInProcess()
    a = await nodes.start("a")
    ann = await Somebody("ann").enter(a, "r")
    for number in range(10):
        ann.set(number=b"%d" % number)
        ann.board.say(b"to nobody")
        await ann.board.flush()
    assert ann.asked == 0
    ben = await Somebody("ben").enter(a, "r", 1)
    assert ben.sees() == {"a/0": {"number": b"9"}}
    assert ann.asked == 1


async def test_what_is_said_in_answer_comes_after_what_it_answers() -> None:
    nodes = NodesInProcess()
    a = await nodes.start("a")

    class Echo(Somebody):
        def heard(self, part: str, word: bytes) -> None:
            super().heard(part, word)
            if not word.startswith(b"echo"):
                self.board.say(b"echo " + word)

    ann, ben, cat = Somebody("ann"), Echo("ben"), Somebody("cat")
    for slot, somebody in enumerate((ann, ben, cat)):
        await somebody.enter(a, "r", slot)
    ann.board.say(b"one")
    ann.board.say(b"two")
    await until(lambda: len(cat.words) == 4)
    assert cat.words == [("a/0", b"one"), ("a/0", b"two"), ("a/1", b"echo one"), ("a/1", b"echo two")]
