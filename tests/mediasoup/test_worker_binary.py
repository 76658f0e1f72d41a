"""Finding the worker's binary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.mediasoup.errors import WorkerStartError
from app.mediasoup.worker_binary import MEDIASOUP_RELEASE, WorkerBinary, find_worker_binary


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MEDIASOUP_WORKER_BIN", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "connect"


def keep(cache: Path, name: str, *, release: str, obtained_at: str) -> Path:
    """Put a worker into the cache, as far as finding it goes."""
    directory = cache / f"mediasoup-{name}"
    directory.mkdir(parents=True)
    (directory / "manifest.json").write_text(json.dumps({"release": release, "obtainedAt": obtained_at}))
    return directory


def test_the_newest_worker_of_our_release_is_taken(cache: Path) -> None:
    keep(cache, "older", release=MEDIASOUP_RELEASE, obtained_at="2026-01-01T00:00:00Z")
    ours = keep(cache, "ours", release=MEDIASOUP_RELEASE, obtained_at="2026-02-01T00:00:00Z")
    keep(cache, "other", release="3.0.0", obtained_at="2026-03-01T00:00:00Z")
    assert find_worker_binary() == WorkerBinary(ours / "mediasoup-worker", ours / "fbs")


def test_the_operators_own_worker_is_preferred(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(cache, "ours", release=MEDIASOUP_RELEASE, obtained_at="2026-01-01T00:00:00Z")
    monkeypatch.setenv("MEDIASOUP_WORKER_BIN", "/opt/own/mediasoup-worker")
    assert find_worker_binary() == WorkerBinary(Path("/opt/own/mediasoup-worker"), Path("/opt/own/fbs"))


def test_without_a_worker_it_says_how_to_get_one(cache: Path) -> None:
    with pytest.raises(WorkerStartError, match=r"obtain-worker\.js"):
        find_worker_binary()
