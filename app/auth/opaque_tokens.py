"""Opaque tokens, of sign-ins and invitations: pure chance for their holder, of which the database keeps a digest."""

from __future__ import annotations

import hashlib
import secrets


def new_opaque_token() -> str:
    """Make a token of 32 random bytes, as 43 characters that need no quoting in URLs."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """
    Give what the database keeps instead of the token: 32 bytes.

    A plain SHA-256 is enough, since nobody can try out 2²⁵⁶ tokens as they would passwords. It takes any text that a
    client may send, JSON's lone surrogates included.
    """
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
