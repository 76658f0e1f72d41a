"""The secret keys of a deployment: from them comes each key that Connect signs or encrypts with."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.checks import is_secret_key
from app.config import Settings, SettingsError
from app.errors import InternalError
from app.files import make_file


class SecretKeys:
    """
    Secrets by their ids. The first signs and seals; the others are still good to verify and to open.

    No secret is used as it is: each purpose has keys of its own, so that what was made for one is worthless for
    another.
    """

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = dict(secrets)
        sealing = self.derive(b"sealing").values()
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in sealing])

    @classmethod
    def from_settings(cls, settings: Settings) -> SecretKeys:
        """
        Take the keys that the settings hold, else those in their file.

        A missing file is made, with one random key; processes that start at once end up with the same.

        :raises SettingsError: the file can't be read or made, or is no list of keys
        """
        if settings.secret_keys:
            return cls(dict(each.split(":", 1) for each in settings.secret_keys))
        path = settings.secret_keys_file
        try:
            if not path.exists():
                make_file(path, f"{secrets.token_hex(4)}:{secrets.token_urlsafe(32)}\n")
            text = path.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise _wrong_file(path, str(error)) from error
        return cls(_read_keys(path, text))

    def derive(self, purpose: bytes) -> dict[str, bytes]:
        """Give the keys for one purpose, 32 bytes each, by their ids; the first is the one to sign with."""
        return {id: _derive(secret, purpose) for id, secret in self._secrets.items()}

    def seal(self, text: str) -> bytes:
        """Encrypt a text that the database must keep but may not show."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """
        Give the text that was sealed, with whichever of the keys.

        :raises InternalError: it was sealed with a key that is no longer listed, or tampered with
        """
        return self._with_known_key(self._fernet.decrypt, sealed).decode()

    def reseal(self, sealed: bytes) -> bytes:
        """
        Seal with the first key what any key sealed, so that the others may go.

        :raises InternalError: as :meth:`open`
        """
        return self._with_known_key(self._fernet.rotate, sealed)

    def _with_known_key(self, action: Callable[[bytes], bytes], sealed: bytes) -> bytes:
        try:
            return action(sealed)
        except InvalidToken:
            raise InternalError("a secret in the database was sealed with a key that is not listed any more") from None


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"connect " + purpose).derive(secret.encode())


def _read_keys(path: Path, text: str) -> dict[str, str]:
    """Read a file's lines, each ``id:secret`` as in the setting; empty ones and comments (``#``) are passed over."""
    keys: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        if not is_secret_key(line):
            raise _wrong_file(path, f"line {number} is no id:secret, with a secret of 32 characters or more")
        id, secret = line.split(":", 1)
        if id in keys:
            raise _wrong_file(path, f"line {number} has the same id as one before")
        keys[id] = secret
    if not keys:
        raise _wrong_file(path, "there is no key in it")
    return keys


def _wrong_file(path: Path, problem: str) -> SettingsError:
    return SettingsError([f"CONNECT_SECRET_KEYS_FILE: {str(path)!r}: {problem}"])
