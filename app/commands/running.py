"""Asking the app that runs here to do something, in the operator's name."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from app.config import Settings
from app.services.logins import operator_token

from .failure import CommandFailed

#: Seconds that the app has to answer.
PATIENCE = 10.0


def ask(settings: Settings, method: str, path: str, body: Any = None) -> Any:
    """
    Give what the API answers, ``None`` for nothing. No database is needed for that.

    :raises CommandFailed: the app does not answer, or refuses
    :raises SettingsError: the secret keys can't be read
    """
    url = f"http://{_reachable(settings.host)}:{settings.port}{path}"
    return asyncio.run(_ask(url, method, operator_token(settings), body))


async def _ask(url: str, method: str, token: str, body: Any) -> Any:
    timeout = aiohttp.ClientTimeout(total=PATIENCE)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers={"Authorization": f"Bearer {token}"}) as session,
            session.request(method, url, json=body) as answer,
        ):
            said: Any = None if answer.status == 204 else await answer.json()
            if not answer.ok:
                raise CommandFailed(said["error"]["message"])
            return said
    except (aiohttp.ClientError, TimeoutError) as error:
        raise CommandFailed(f"Connect does not answer at {url}; does it run here? {error}") from error


def _reachable(host: str) -> str:
    """Give the address of this machine for one that means all of its addresses."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host
