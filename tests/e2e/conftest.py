"""Fixtures of the end-to-end tests: a deployment, and a browser with a camera that nobody needs to own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.databases import PostgresServer

from .cluster import Cluster
from .deployment import Deployment

#: What each window would prepare for an address bar that nobody sees: a process that costs more than our page.
ADDRESS_BAR = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup"]
#: What Playwright itself switches off, as far as Chromium knows it: the last list that is given counts, and no other.
UNWANTED = [
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
]
#: Those with which real media flows on one machine, see docs/architecture.md.
CHROMIUM_FLAGS = [
    f"--disable-features={','.join(UNWANTED + ADDRESS_BAR)}",
    "--no-sandbox",
    "--disable-gpu",
    # Encoding is most of what these tests do; half of the usual frames are enough to see that video flows.
    "--use-fake-device-for-media-stream=fps=10",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("deployment")) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def shared_database(
    postgres_server: PostgresServer, postgresql_template: str, database_names: Iterator[str]
) -> Iterator[str]:
    """A migrated, empty database that several nodes may use."""
    name = next(database_names)
    postgres_server.execute(f"CREATE DATABASE {name} TEMPLATE {postgresql_template}")
    yield postgres_server.url(name)
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, shared_database: str) -> Iterator[Cluster]:
    """Three nodes of one worker each."""
    with Cluster(tmp_path_factory.mktemp("cluster"), shared_database) as cluster:
        yield cluster


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(chromium()), args=CHROMIUM_FLAGS, headless=True)
        yield browser
        await browser.close()


def chromium() -> Path:
    return Path("/usr/bin/chromium")
