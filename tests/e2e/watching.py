"""What a page shows and decodes all the time, not only when it is asked."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from .participant import Participant

#: Seconds between two looks.
EVERY = 0.2
WATCH = f"""() => {{
    window.watched = [];
    window.watching = setInterval(async () => {{
        const {{ status }} = connect.state.get();
        const tiles = document.querySelectorAll("[data-testid=tile]").length;
        const cameras = (await connect.receiveStats()).filter(({{ source }}) => source === "camera");
        const frames = Object.fromEntries(cameras.map((each) => [each.peerId, each.framesDecoded]));
        watched.push({{ at: Date.now() / 1000, status, tiles, frames }});
    }}, {EVERY * 1000});
}}"""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at a time, in seconds since 1970: with the frames decoded so far, by peer."""

    at: float
    status: str
    tiles: int
    frames: dict[str, int]


async def watch(person: Participant) -> None:
    """Begin to look."""
    await person.page.evaluate(WATCH)


async def watched(person: Participant) -> list[Look]:
    """Stop looking; give what was seen."""
    looks: list[dict[str, Any]] = await person.page.evaluate("clearInterval(watching), watched")
    return [Look(**look) for look in looks]


def longest_freeze(looks: list[Look], peer_id: str) -> float:
    """Tell for how long no new frame of that peer was seen, at worst."""
    news = [
        later.at for former, later in itertools.pairwise(looks) if _frames(later, peer_id) > _frames(former, peer_id)
    ]
    times = [looks[0].at, *news, looks[-1].at]
    return max(later - former for former, later in itertools.pairwise(times))


def back_at(looks: list[Look], after: float) -> float:
    """Tell when the page was in the call for good, ``after`` something happened."""
    away = [look.at for look in looks if look.at > after and look.status != "joined"]
    return min(look.at for look in looks if look.at > max(away, default=after))


def _frames(look: Look, peer_id: str) -> int:
    return look.frames.get(peer_id, 0)
