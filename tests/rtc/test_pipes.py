"""What is sent in one part of a room comes to others that want it, and only to those."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator

import msgspec
import pytest

from app.mediasoup.consumer import Consumer
from app.mediasoup.data_structures import SctpStreamParameters
from app.mediasoup.pipe_transport import PipeTransport
from app.mediasoup.producer import Producer
from app.rtc.far_producer import FarProducer
from app.rtc.pipe_link import Link
from app.rtc.pipe_records import PipesRecord

from .fakes import until
from .pipe_places import Listener, MakePlace, Place, places, speak

place = pytest.fixture(places, name="place")


@pytest.fixture
async def owner(place: MakePlace) -> Place:
    return await place("a/0")


async def listener(at: Place, owner: Place, producer: Producer) -> Listener:
    """Have somebody at ``at`` want it, and consume it when it has come."""
    listener = Listener(at, at.far(owner, producer))
    listener.far.want(listener, lambda: None)
    await until(lambda: listener.far.local)
    await listener.listen()
    return listener


@pytest.mark.parametrize("part", ["a/1", "b/0"])
async def test_what_is_sent_in_one_part_comes_to_another(place: MakePlace, owner: Place, part: str) -> None:
    other = await place(part)
    producer = await owner.produce(source="mic")
    far = await listener(other, owner, producer)
    local = far.far.local
    assert local is not None
    assert (local.id, local.kind, local.app_data) == (producer.id, "audio", {"source": "mic"})
    expected = speak(producer, 0, 100)
    await until(lambda: len(far.got) == 100)
    assert far.got == expected
    ends = [next(iter(each.router.transports.values())) for each in (other,)]
    # Between nodes it is encrypted, and lost packets are sent again.
    assert [bool(end.srtp_parameters) for end in ends] == [part == "b/0"]  # type: ignore[attr-defined]


async def test_a_pair_of_transports_carries_all_both_ways(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    sent = [await owner.produce() for _ in range(3)]
    back = await other.produce()
    await asyncio.gather(*(listener(other, owner, each) for each in sent))
    await listener(owner, other, back)
    assert len(await owner.pipe_transports()) == len(await other.pipe_transports()) == 1


async def test_those_who_want_the_same_get_it_from_one_making(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    far, told = other.far(owner, producer), list[int]()
    for number in range(5):
        far.want(number, lambda number=number: told.append(number))  # type: ignore[misc]
    await until(lambda: len(told) == 5)
    assert told == [0, 1, 2, 3, 4]
    assert await owner.receivers_of(producer.id) == 1


async def test_it_goes_some_seconds_after_the_last_one_did(place: MakePlace, owner: Place) -> None:
    other = await place("b/0", linger=0.3)
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    local = far.far.local
    far.far.leave(far)
    far.far.want("somebody else", lambda: None)
    # It was wanted again in time: nothing has happened to it.
    assert far.far.local is local
    far.far.leave("somebody else")
    left_at = asyncio.get_running_loop().time()
    await until(lambda: far.far.local is None)
    assert asyncio.get_running_loop().time() - left_at >= 0.25
    await gone(owner)
    await gone(other)
    assert await owner.receivers_of(producer.id) == 0
    assert not producer.closed


async def gone(at: Place) -> None:
    """Wait until a worker has no end of a pipe any more."""
    async with asyncio.timeout(10):
        # The worker has to be asked.
        while await at.pipe_transports():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_what_its_owner_ends_ends_everywhere(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    producer.close()
    # As the other part hears of it.
    far.far.close()
    await until(lambda: far.consumers[0].closed)
    await gone(owner)
    await gone(other)
    assert (other.pipes.carried, owner.pipes.carried) == ((0, 0), (0, 0))


async def test_pauses_of_the_owner_are_followed(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    await producer.pause()
    far = await listener(other, owner, producer)
    assert far.consumers[0].producer_paused
    await producer.resume()
    far.far.set_paused(False)
    await until(lambda: not far.consumers[0].producer_paused)
    assert far.far.local is not None
    assert not (await far.far.local.dump()).paused
    speak(producer, 0, 10)
    await until(lambda: len(far.got) == 10)


async def test_data_channels_come_too(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    transport = await owner.router.create_direct_transport()
    producer = await transport.produce_data(
        label="chat", sctp_stream_parameters=SctpStreamParameters(stream_id=0, ordered=True)
    )
    far, got = other.far_data(owner, producer), list[object]()
    far.want("me", lambda: None)
    await until(lambda: far.local)
    assert far.local is not None
    assert (far.local.id, far.local.label) == (producer.id, "chat")
    receiver = await (await other.router.create_direct_transport()).consume_data(data_producer_id=far.local.id)
    receiver.on_message.add(lambda *message: got.append(message))
    # SCTP connects in its own time.
    async with asyncio.timeout(10):
        while not got:
            producer.send("hello")
            await asyncio.sleep(0.05)
    far.leave("me")
    await gone(owner)
    await gone(other)


async def test_what_cannot_be_had_yet_is_tried_again(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    lonely, tries = await place("c/0"), list[object]()
    await lonely.bus.close()
    other.router.on_new_transport.add(tries.append)
    far = other.far(lonely, producer)
    far.want("me", lambda: None)
    await until(lambda: len(tries) == 3)
    assert far.local is None
    # Nothing of the tries is left when nobody wants it any more.
    far.leave("me")
    await gone(other)
    await lonely.bus.start()
    far.want("me", lambda: None)
    far.part = owner.part_id
    await until(lambda: far.local)


async def test_an_id_that_the_worker_has_already_becomes_another(place: MakePlace) -> None:
    owner = await place("a/0", most=1)
    beside = await place("a/1", beside=owner)
    producer = await owner.produce()
    far = await listener(beside, owner, producer)
    assert far.far.local is not None
    assert far.far.local.id != producer.id
    speak(producer, 0, 10)
    await until(lambda: len(far.got) == 10)
    # It goes on to others, who know it by the owner's id.
    third = await listener(await place("b/0"), owner, producer)
    assert await beside.receivers_of(far.far.local.id) == 2
    speak(producer, 10, 10)
    await until(lambda: len(third.got) == 10)
    assert third.far.local is not None
    assert third.far.local.id == producer.id


async def test_the_part_s_end_leaves_nothing_here_or_there(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    other.pipes.close()
    owner.pipes.gone(other.part_id)
    await gone(other)
    await gone(owner)
    assert far.far.local is None
    assert await owner.receivers_of(producer.id) == 0


async def test_a_worker_that_dies_takes_the_pipes_with_it_and_they_come_again(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    spare = await place("x/0")
    before = other.pipes.id
    other.worker.close()
    await until(lambda: far.far.local is None)
    other.router = spare.router
    assert other.pipes.id != before
    owner.pipes.found(other.part_id, other.pipes.id)
    await until(lambda: far.far.local)
    await far.listen()
    speak(producer, 0, 10)
    await until(lambda: len(far.got) == 10)
    assert len(await owner.pipe_transports()) == 1


async def test_what_an_earlier_process_left_is_brought_anew(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    before = far.far.local
    owner.pipes.let_go()
    owner.new_pipes()
    # What adoption does to transports that are nobody's.
    for id in await owner.pipe_transports():
        owner.router.transports[id].close()
    other.pipes.found(owner.part_id, owner.pipes.id)
    await until(lambda: far.far.local not in (None, before))
    await far.listen()
    speak(producer, 0, 10)
    await until(lambda: len(far.got) == 10)


def other_process(at: Place) -> PipesRecord:
    """Have the pipes of a part belong to another process, that has their record."""
    record = msgspec.json.decode(msgspec.json.encode(at.pipes.record), type=PipesRecord)
    before = at.pipes.id
    at.pipes.let_go()
    at.new_pipes().adopt(record)
    assert at.pipes.id == before
    return record


@pytest.mark.parametrize("which", ["owner", "other"])
async def test_another_process_goes_on_with_them_and_nothing_is_lost(
    place: MakePlace, owner: Place, which: str
) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    transport = await owner.router.create_direct_transport()
    channel = await transport.produce_data(
        label="chat", sctp_stream_parameters=SctpStreamParameters(stream_id=0, ordered=True)
    )
    far = await listener(other, owner, producer)
    far_data = other.far_data(owner, channel)
    far_data.want("me", lambda: None)
    await until(lambda: far_data.local)
    local, expected = far.far.local, speak(producer, 0, 50)
    part = owner if which == "owner" else other
    other_process(part)
    now, now_data = far.far, far_data
    if which == "other":
        now, now_data = other.far(owner, producer), other.far_data(owner, channel)
        assert now_data.local is far_data.local is not None
        now.want(far, lambda: None)
    owner.pipes.found(other.part_id, other.pipes.id)
    other.pipes.found(owner.part_id, owner.pipes.id)
    expected += speak(producer, 50, 50)
    await until(lambda: len(far.got) == 100)
    assert far.got == expected
    assert now.local is local
    # It goes as if nothing had been.
    now.leave(far)
    now_data.leave("me")
    await gone(owner)
    await gone(other)
    assert (owner.pipes.carried, other.pipes.carried) == ((0, 0), (0, 0))


async def test_what_nobody_says_whose_it_is_after_that_ends(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    far = await listener(other, owner, await owner.produce())
    other_process(other)
    await until(lambda: far.consumers[0].closed)
    await gone(owner)
    await gone(other)


async def test_pipes_to_a_part_that_is_gone_by_then_end(place: MakePlace, owner: Place) -> None:
    other = await place("b/0", linger=5)
    producer = await owner.produce()
    await listener(other, owner, producer)
    other_process(owner)
    await gone(owner)
    assert await owner.receivers_of(producer.id) == 0


async def test_what_happened_meanwhile_is_noticed_by_both_ends(place: MakePlace, owner: Place) -> None:
    other = await place("b/0", linger=0.3)
    sent = [await owner.produce() for _ in range(3)]
    fars = [await listener(other, owner, each) for each in sent]
    record = other.pipes.record
    other.pipes.let_go()
    (link,) = record.links.values()
    forgotten, closed = (
        next(name for name, each in link.imports.items() if each.producer_id == producer.id) for producer in sent[:2]
    )
    # One came too late for the record, and one ended with the owner while nobody was told.
    del link.imports[forgotten]
    (piped,) = [each for each in pipe_consumers(owner) if each.producer_id == sent[1].id]
    piped.close()
    other.new_pipes().adopt(record)
    now = [other.far(owner, each) for each in sent]
    for each in now:
        each.want("me", lambda: None)
    other.pipes.found(owner.part_id, owner.pipes.id)
    await until(lambda: all(each.local is not None for each in now))
    await all_flow(sent, now)
    assert closed not in other.pipes.record.links[next(iter(record.links))].imports
    # The third has not noticed.
    assert now[2].local is fars[2].far.local
    assert [await owner.receivers_of(each.id) for each in sent] == [1, 1, 1]


async def test_what_goes_on_to_others_is_adopted_too(tree: list[Place]) -> None:
    owner, middle, last = tree
    producer = await owner.produce()
    await listener(middle, owner, producer)
    at_last = await listener(last, owner, producer)
    expected = speak(producer, 0, 20)
    other_process(middle)
    again = middle.far(owner, producer)
    for each in (owner, last):
        middle.pipes.found(each.part_id, each.pipes.id)
        each.pipes.found(middle.part_id, middle.pipes.id)
    assert again.wanted
    expected += speak(producer, 20, 20)
    await until(lambda: len(at_last.got) == 40)
    assert at_last.got == expected
    # It stays for the last one only, and goes with that.
    at_last.far.leave(at_last)
    for part in tree:
        await gone(part)


def pipe_consumers(at: Place) -> list[Consumer]:
    ends = [each for each in at.router.transports.values() if isinstance(each, PipeTransport)]
    return [consumer for end in ends for consumer in end.consumers.values()]


@pytest.fixture
async def tree(place: MakePlace) -> AsyncIterator[list[Place]]:
    """An owner that sends to one other part only, and two others."""
    yield [await place(f"{name}/0", most=1, linger=0.2) for name in "abc"]


async def test_parts_have_it_from_each_other_where_many_want_it(tree: list[Place]) -> None:
    owner, middle, last = tree
    producer = await owner.produce()
    at_middle = await listener(middle, owner, producer)
    at_last = await listener(last, owner, producer)
    assert await owner.receivers_of(producer.id) == 1
    # One listens in the middle, and one part has it from there.
    assert await middle.receivers_of(producer.id) == 2
    speak(producer, 0, 50)
    await until(lambda: len(at_last.got) == len(at_middle.got) == 50)
    # Whoever is in the middle keeps it for the others.
    at_middle.consumers[0].close()
    at_middle.far.leave(at_middle)
    at_last.got.clear()
    assert at_middle.far.wanted
    speak(producer, 50, 10)
    await until(lambda: len(at_last.got) == 10)
    at_last.far.leave(at_last)
    for each in tree:
        await gone(each)


async def test_parts_that_want_it_all_at_once_have_it_from_each_other_too(place: MakePlace) -> None:
    parts = [await place(f"{name}/0", most=1) for name in "abcd"]
    owner, *others = parts
    producer = await owner.produce()
    got = await asyncio.gather(*(listener(part, owner, producer) for part in others))
    speak(producer, 0, 10)
    await until(lambda: all(len(each.got) == 10 for each in got))
    assert await owner.receivers_of(producer.id) == 1
    assert sorted([await part.receivers_of(producer.id) for part in others]) == [1, 2, 2]


async def test_who_is_named_to_others_before_it_has_something_lets_them_wait(tree: list[Place]) -> None:
    owner, middle, last = tree
    await listener(middle, owner, await owner.produce())
    await listener(last, middle, await middle.produce())
    producer = await owner.produce()
    os.kill(middle.worker.pid, signal.SIGSTOP)
    try:
        far = middle.far(owner, producer)
        far.want("me", lambda: None)
        await until(lambda: owner.pipes.carried[1] == 2)
        at_last = asyncio.create_task(listener(last, owner, producer))
        await until(lambda: len(far._users) == 2)
    finally:
        os.kill(middle.worker.pid, signal.SIGCONT)
    await at_last
    assert await owner.receivers_of(producer.id) == 1
    assert await middle.receivers_of(producer.id) == 1


async def test_those_below_ask_again_when_who_is_in_the_middle_goes(tree: list[Place]) -> None:
    owner, middle, last = tree
    producer = await owner.produce()
    await listener(middle, owner, producer)
    at_last = await listener(last, owner, producer)
    before = at_last.far.local
    middle.worker.close()
    for each in (owner, last):
        each.pipes.gone(middle.part_id)
    gone_at = asyncio.get_running_loop().time()
    await until(lambda: at_last.far.local not in (None, before))
    await at_last.listen()
    speak(producer, 0, 10)
    await until(lambda: len(at_last.got) == 10)
    assert asyncio.get_running_loop().time() - gone_at < 2


async def test_those_below_are_told_when_it_ends_in_the_middle_alone(tree: list[Place]) -> None:
    owner, middle, last = tree
    producer = await owner.produce()
    at_middle = await listener(middle, owner, producer)
    at_last = await listener(last, owner, producer)
    assert at_middle.far.local is not None
    before = at_last.far.local
    at_middle.far.local.close()
    await until(lambda: at_last.far.local not in (None, before))
    await at_last.listen()
    speak(producer, 0, 10)
    await until(lambda: len(at_last.got) == 10)


async def test_who_was_taken_for_dead_learns_it_by_asking(place: MakePlace, owner: Place) -> None:
    other = await place("b/0")
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    owner.pipes.gone(other.part_id)
    await gone(owner)
    before = far.far.local
    assert before is not None
    other.pipes.check()
    await until(lambda: far.far.local not in (None, before))
    await far.listen()
    speak(producer, 0, 10)
    await until(lambda: len(far.got) == 10)


async def test_what_could_not_be_told_is_told_when_the_bus_is_back(
    place: MakePlace, owner: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired: list[Link] = []
    expire = Link._expire

    def noted(link: Link) -> None:
        expired.append(link)
        expire(link)

    monkeypatch.setattr(Link, "_expire", noted)
    other = await place("b/0", linger=0.05)
    producer = await owner.produce()
    far = await listener(other, owner, producer)
    await owner.bus.close()
    far.far.leave(far)
    await until(lambda: far.far.local is None)
    # The pipe stays meanwhile, though it carries nothing: what is to be told goes with it.
    await until(lambda: len(expired) > 2)
    assert await owner.receivers_of(producer.id) == 1
    await owner.bus.start()
    await gone(owner)
    assert await owner.receivers_of(producer.id) == 0


async def test_parts_that_want_and_leave_at_random_have_what_they_want_and_nothing_else(place: MakePlace) -> None:
    chance = random.Random(7)
    parts = [await place(f"{name}/0", most=1, linger=0.05) for name in "abcd"]
    sent = {part: [await part.produce() for _ in range(2)] for part in parts}
    fars = [part.far(other, each) for part in parts for other in parts if other is not part for each in sent[other]]
    for _ in range(300):
        far, user = chance.choice(fars), chance.randrange(2)
        if chance.random() < 0.5:
            far.want(user, lambda: None)
        else:
            far.leave(user)
        if chance.random() < 0.05 and far.local is not None:
            # A pipe breaks.
            far.local.close()
        if chance.random() < 0.3:
            await asyncio.sleep(chance.random() * 0.04)
    await until(lambda: all((far.local is not None) == far.wanted for far in fars if not passed_on(far, parts)))
    for far in fars:
        far.want("all", lambda: None)
    await until(lambda: all(far.local is not None for far in fars))
    await all_flow([producer for each in sent.values() for producer in each], fars)
    for far in fars:
        far.leave("all")
        for user in range(2):
            far.leave(user)
    for part in parts:
        await gone(part)
        assert part.pipes.carried == (0, 0)
        for producer in sent[part]:
            assert await part.receivers_of(producer.id) == 0


async def all_flow(sent: list[Producer], fars: list[FarProducer]) -> None:
    """Wait until something has arrived of everything that is sent, everywhere."""
    silent, number = fars, 0
    async with asyncio.timeout(10):
        while silent:
            for producer in sent:
                speak(producer, number, 1)
            number += 1
            await asyncio.sleep(0.02)
            silent = [far for far in silent if not await arrived(far)]


async def arrived(far: FarProducer) -> bool:
    assert far.local is not None
    return any(stream.packet_count for stream in await far.local.get_stats())


def passed_on(far: FarProducer, parts: list[Place]) -> bool:
    """Whether it may be on its way from here to another part, which is a reason to have it."""
    return far.wanted and any(not isinstance(user, int) for user in far._users)
