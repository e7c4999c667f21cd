"""How WeChat signs and seals what it pushes: SHA-1 over sorted words, AES-256-CBC with a key of 43 letters. Pure.

A sealed message is 16 random bytes, its length in 4 (network order), the message, and the appid it is for, padded to blocks of 32
(wechat.md, section 2.4). No error text quotes what was received or what it was checked with.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from monitor.errors import AuthError

KEY_BYTES = 32
AES_BLOCK = 16
PADDED = 32
"""The padding fills blocks of 32, twice those of the cipher."""
HEAD = 20
"""Bytes before the message: 16 random ones and its length."""


def is_signed(signature: str, *words: str) -> bool:
    """Whether the signature is that of the words; takes the same time whatever it is."""
    made = hashlib.sha1("".join(sorted(words)).encode("utf-8", "replace")).hexdigest()
    return hmac.compare_digest(made.encode(), signature.encode("utf-8", "replace"))


def unsealed(sealed: str, letters: str, appids: tuple[str, ...]) -> bytes:
    """Return the message. Raises `AuthError` where the key is none, does not open it, or the message is for another appid."""
    key = _key(letters)
    try:
        box = base64.b64decode(sealed, validate=True)
    except (binascii.Error, ValueError):
        raise AuthError("a sealed push that is not base64") from None
    if not box or len(box) % AES_BLOCK:
        raise AuthError("a sealed push of a wrong length")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    return _message(decryptor.update(box) + decryptor.finalize(), appids)


def _key(letters: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9+/]{43}", letters):
        raise AuthError("field 'aes_key' is not an EncodingAESKey of 43 letters")
    return base64.b64decode(letters + "=")


def _message(plain: bytes, appids: tuple[str, ...]) -> bytes:
    padding = plain[-1]
    length = int.from_bytes(plain[HEAD - 4 : HEAD], "big")
    message, appid = plain[HEAD : HEAD + length], plain[HEAD + length : len(plain) - padding]
    if not 1 <= padding <= PADDED or len(message) != length or HEAD + length + padding > len(plain):
        raise AuthError("a push that field 'aes_key' does not open")
    if not any(each and hmac.compare_digest(each.encode(), appid) for each in appids):
        raise AuthError("a push for another appid")
    return message
