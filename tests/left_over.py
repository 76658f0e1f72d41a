"""What is left in workers, or of records, that belongs to no call: there should never be any."""

from __future__ import annotations

from pathlib import Path

from app.mediasoup.dumps import RouterDump
from app.mediasoup.memory import RouterMemory
from app.mediasoup.rtp_parameters import RtpCapabilities
from app.mediasoup.worker import Worker
from app.rtc.records import Legacy, read_estate
from app.sidecar import Sidecar


async def left_over(run_dir: Path, workers: int) -> list[str]:
    """Compare workers with records, in the place of an app that does not run; name what only one of both has."""
    sidecar = Sidecar(run_dir)
    sidecar.start()
    try:
        return [each for slot in range(workers) for each in await _in_slot(sidecar, slot)]
    finally:
        await sidecar.close()


async def routers_of(worker: Worker) -> list[RouterDump]:
    """Dump all routers of a worker that is attached."""
    ids = (await worker.dump()).router_ids
    memory = RouterMemory(rtp_capabilities=RtpCapabilities())
    return [await (await worker.adopt_router(id, memory)).dump() for id in ids]


async def _in_slot(sidecar: Sidecar, slot: int) -> list[str]:
    worker = (await sidecar.attach(slot)).worker
    routers = {dump.id: dump for dump in await routers_of(worker)}
    worker.let_go()
    estate = read_estate({record.key: record.value for record in (await sidecar.list_state(slot))[1]})
    rooms = {legacy.router_id: legacy for legacy in estate.rooms}
    problems = [f"records that can't be read: {estate.unread}"] if estate.unread else []
    problems += [f"router without record: {id}" for id in routers.keys() - rooms.keys()]
    problems += [f"record without router: {id}" for id in rooms.keys() - routers.keys()]
    for id in routers.keys() & rooms.keys():
        problems += _in_room(routers[id], rooms[id])
    return problems


def _in_room(router: RouterDump, legacy: Legacy) -> list[str]:
    transports = {id for peer in legacy.peers for id in peer.transports} ^ set(router.transport_ids)
    producers = {id for peer in legacy.peers for id in peer.producers} ^ router.map_producer_id_consumer_ids.keys()
    return [f"transport: {id}" for id in transports] + [f"producer: {id}" for id in producers]
