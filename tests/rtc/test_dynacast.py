"""Senders of video learn what of it nobody wants."""

from __future__ import annotations

import msgspec
import pytest

from app.mediasoup.data_structures import ConsumerLayers, ProducerScore
from app.mediasoup.rtp_parameters import RtpCodecParameters, RtpEncodingParameters
from app.rtc import demand, dynacast
from app.rtc.consumer_control import ConsumerControl, Pause
from app.rtc.dynacast import top_layer
from app.rtc.events import ConsumerScoreChanged
from app.rtc.peer import Peer
from app.rtc.room import Room
from app.rtc.subscription_events import ProducerDemand, ProducersPaused

from .fakes import FakeClient, until
from .parameters import produce_audio, produce_simulcast, produce_video, sending_transport, video
from .people import Arrive, client_of


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell at once of what is not wanted any more."""
    monkeypatch.setattr(demand.Demand.__init__, "__defaults__", (0.0,))


def told(client: FakeClient) -> list[tuple[int | None, bool]]:
    """What the client was told of the only producer that it was told of, in order."""
    news = [each for event in client.all(ProducersPaused) for each in event.producers]
    assert len({each.producer_id for each in news}) <= 1
    return [(each.max_spatial_layer, each.paused) for each in news]


async def control_of(peer: Peer) -> ConsumerControl:
    """Give the control of what a peer receives when its client is ready."""
    client = client_of(peer)
    await client.hears(ConsumerScoreChanged)
    (consumer,) = peer.media.subscriber.consumers
    return peer.media.subscriber.control(consumer.id)


@pytest.mark.usefixtures("impatient")
async def test_nobody_wants_what_one_sends_alone_and_who_comes_wants_it_all(arrive: Arrive) -> None:
    ada, adas = await arrive("ada", dynacast=True)
    producer = await produce_simulcast(ada)
    event = await adas.hears(ProducersPaused)
    assert event.producers == [ProducerDemand(producer_id=producer.id, max_spatial_layer=None, paused=True)]
    await arrive("bob")
    await until(lambda: told(adas) == [(None, True), (None, False)])
    # Others see no camera that is off.
    assert not producer.paused


@pytest.mark.usefixtures("impatient")
async def test_the_highest_of_all_wishes_is_told(arrive: Arrive) -> None:
    (ada, adas), (bob, _), (cleo, _) = await arrive("ada", dynacast=True), await arrive("bob"), await arrive("cleo")
    await produce_simulcast(ada)
    bobs, cleos = await control_of(bob), await control_of(cleo)
    bobs.prefer(ConsumerLayers(spatial_layer=0))
    cleos.prefer(ConsumerLayers(spatial_layer=1))
    await until(lambda: told(adas) == [(1, False)])
    cleos.pause(Pause.HIDDEN)
    await until(lambda: told(adas)[1:] == [(0, False)])
    bobs.pause(Pause.CLIENT)
    await until(lambda: told(adas)[2:] == [(None, True)])
    bobs.pause(Pause.CLIENT, False)
    await until(lambda: told(adas)[3:] == [(0, False)])
    cleo.close()
    bob.close()
    await until(lambda: told(adas)[4:] == [(None, True)])


@pytest.mark.usefixtures("impatient")
async def test_a_camera_that_last_n_suspends_for_everybody_is_not_wanted(arrive: Arrive, room: Room) -> None:
    (ada, adas), (bob, _) = await arrive("ada", dynacast=True), await arrive("bob")
    await produce_simulcast(ada)
    await control_of(bob)
    room.adjust(None, last_n=0)
    await until(lambda: told(adas) == [(None, True)])
    room.adjust(None, last_n=None)
    await until(lambda: told(adas)[1:] == [(None, False)])


@pytest.mark.usefixtures("impatient")
async def test_who_does_not_understand_it_is_told_nothing_and_neither_of_sound(arrive: Arrive) -> None:
    (stock, stocks), (ada, adas) = await arrive("stock"), await arrive("ada", dynacast=True)
    await produce_video(stock)
    await produce_audio(ada)
    camera = await produce_video(ada)
    await until(lambda: len(stock.media.subscriber.consumers) == 2 and len(ada.media.subscriber.consumers) == 1)
    for peer in (stock, ada):
        peer.media.subscriber.consume_all(False)
    event = await adas.hears(ProducersPaused)
    assert [each.producer_id for each in event.producers] == [camera.id]
    assert stocks.all(ProducersPaused) == []


@pytest.mark.usefixtures("impatient")
async def test_a_sender_that_rested_is_not_blamed_before_it_had_time_to_begin_again(
    arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, adas = await arrive("ada", dynacast=True)
    producer = await produce_simulcast(ada)
    producer.score = [ProducerScore(encoding_idx=0, ssrc=1, score=0)]
    assert ada.media.sent_scores == [0]
    await adas.hears(ProducersPaused)
    assert ada.media.sent_scores == []
    await arrive("bob")
    await until(lambda: told(adas) == [(None, True), (None, False)])
    assert ada.media.sent_scores == []
    monkeypatch.setattr(dynacast, "WAKING", 0.0)
    assert ada.media.sent_scores == [0]


async def test_less_is_not_told_before_its_time(arrive: Arrive) -> None:
    (ada, adas), (bob, _) = await arrive("ada", dynacast=True), await arrive("bob")
    await produce_simulcast(ada)
    control = await control_of(bob)
    for hidden in (True, False):
        control.pause(Pause.HIDDEN, hidden)
        await control.settled()
    assert told(adas) == []


async def test_layers_are_counted_for_simulcast_svc_and_neither(arrive: Arrive) -> None:
    ada, _ = await arrive("ada")
    assert top_layer(await produce_simulcast(ada)) == 2
    assert top_layer(await produce_video(ada, 1)) == 0
    svc = msgspec.structs.replace(
        video(5),
        codecs=[RtpCodecParameters(mime_type="video/VP9", payload_type=98, clock_rate=90_000)],
        encodings=[RtpEncodingParameters(ssrc=5, scalability_mode="L3T3_KEY")],
    )
    producer = await ada.media.produce(
        transport_id=sending_transport(ada), kind="video", rtp_parameters=svc, app_data={}
    )
    assert (producer.type, top_layer(producer)) == ("svc", 2)
