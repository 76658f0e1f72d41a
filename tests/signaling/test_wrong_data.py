"""Requests of every method with something wrong in them: the refusal names what it is, and nothing else happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from app.signaling.connection import METHODS
from app.signaling.methods import Method

from .calls import join, produce_audio, produce_chat
from .client import Json, ProtooClient, Refused
from .conftest import Connect
from .gates import MODERATOR, TestGate
from .requests import CONSUMER, DATA_CONSUMER, DATA_PRODUCER, PRODUCER, RECEIVING, REQUESTS, SENDING

#: What names something that belongs to somebody.
IDS = {"transportId", "producerId", "consumerId", "dataProducerId", "dataConsumerId"}


@pytest.fixture
async def client(connect: Connect, gate: TestGate) -> ProtooClient:
    """A moderator in a call, who may do everything."""
    grants = dataclasses.replace(MODERATOR, can_use_plain_transports=True)
    client = await connect("moderator", token=gate.issue("moderator", grants, role="owner"))
    await join(client)
    return client


async def refusal(client: ProtooClient, method: str, data: object) -> tuple[int, str]:
    with pytest.raises(Refused) as refused:
        await client.request(method, data)
    return refused.value.code, str(refused.value)


def fields(method: Method[Any]) -> Iterator[msgspec.structs.FieldInfo]:
    yield from msgspec.structs.fields(method.schema)


def test_there_is_a_request_of_every_method() -> None:
    assert {method for method, _ in REQUESTS} == set(METHODS)


async def test_a_field_of_another_type_is_named(client: ProtooClient) -> None:
    for method, data in REQUESTS:
        for field in fields(METHODS[method]):
            name = field.encode_name
            wrong: object = {} if isinstance(data.get(name), list) else []
            code, reason = await refusal(client, method, {**data, name: wrong})
            assert (code, reason.split(": ")[0]) == (400, f"data.{name}"), (method, reason)


async def test_a_field_that_is_missing_is_named(client: ProtooClient) -> None:
    for method, data in REQUESTS:
        for field in fields(METHODS[method]):
            if field.required:
                rest = {name: value for name, value in data.items() if name != field.encode_name}
                expected = f"data: Object missing required field `{field.encode_name}`"
                assert await refusal(client, method, rest) == (400, expected)


@pytest.mark.parametrize("data", [[], "data", 5])
async def test_data_that_are_no_object_are_refused(client: ProtooClient, data: object) -> None:
    for method, _ in REQUESTS:
        assert (await refusal(client, method, data))[0] == 400


async def test_what_is_not_ones_own_is_not_found(client: ProtooClient, connect: Connect) -> None:
    ada = await connect("ada")
    await join(ada)
    theirs = await things_of(ada, client)
    for method, data in REQUESTS:
        # These two kinds are about what others send.
        if data.keys() & IDS and not method.startswith("moderator:") and method != "setSubscription":
            code, reason = await refusal(client, method, filled(data, theirs))
            assert code == 404, (method, reason)


async def test_nobody_who_is_not_there_is_moderated(client: ProtooClient) -> None:
    for method, data in REQUESTS:
        if "peerId" in data:
            assert (await refusal(client, method, data))[0] == 404, method


async def things_of(ada: ProtooClient, other: ProtooClient) -> dict[str, str]:
    """Have Ada send and receive; gives the ids of all that is hers, by the names that stand for them."""
    producer, data_producer = await produce_audio(ada), await produce_chat(ada)
    await produce_audio(other, 77)
    await produce_chat(other)
    return {
        SENDING: ada.sending,
        RECEIVING: ada.receiving,
        PRODUCER: producer,
        CONSUMER: (await ada.hears("newConsumer"))["id"],
        DATA_PRODUCER: data_producer,
        DATA_CONSUMER: (await ada.hears("newDataConsumer"))["id"],
    }


def filled(data: Json, ids: dict[str, str]) -> Json:
    return {name: ids.get(value, value) if isinstance(value, str) else value for name, value in data.items()}
