from __future__ import annotations

import hashlib
import re

from app.auth.opaque_tokens import digest, new_opaque_token


def test_tokens_are_long_fit_into_urls_and_are_never_the_same() -> None:
    tokens = {new_opaque_token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_a_digest_is_the_sha256_of_a_token() -> None:
    assert digest("token") == hashlib.sha256(b"token").digest()


def test_any_text_has_a_digest_of_its_own() -> None:
    texts = ["", "\x00", "?", "\ud800", "\ud801", "ü", "u\u0308", "x" * 10_000]
    assert len({digest(text) for text in texts}) == len(texts)
