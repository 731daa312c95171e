"""Hashes of bytes that are the same everywhere: those that TensorFlow has for strings."""

from __future__ import annotations

from collections.abc import Sequence

_ALL = 2**64 - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _turned(x: int, bits: int) -> int:
    """64 bits turned to the right."""
    x &= _ALL
    return (x >> bits | x << 64 - bits) & _ALL


def _mixed(x: int) -> int:
    x &= _ALL
    return x ^ x >> 47


def _both(u: int, v: int, factor: int) -> int:
    a = _mixed((u ^ v) * factor)
    return _mixed((v ^ a) * factor) * factor & _ALL


def fingerprint(text: bytes) -> int:
    """FarmHash's Fingerprint64, of 64 bits. Source: Pike and Alakuijala, FarmHash, `farmhashna`."""
    length = len(text)

    def word(at: int, size: int = 8) -> int:
        at = at if at >= 0 else length + at
        return int.from_bytes(text[at : at + size], "little")

    factor = _K2 + 2 * length
    if not length:
        return _K2
    if length < 4:
        y = text[0] + (text[length // 2] << 8)
        z = length + (text[-1] << 2)
        return _mixed((y * _K2 & _ALL) ^ (z * _K0 & _ALL)) * _K2 & _ALL
    if length < 8:
        return _both(length + (word(0, 4) << 3), word(-4, 4), factor)
    if length <= 16:
        a, b = word(0) + _K2 & _ALL, word(-8)
        return _both(
            _turned(b, 37) * factor + a & _ALL, (_turned(a, 25) + b) * factor & _ALL, factor
        )
    if length > 64:
        return _of_long(text, word)
    first = _K1 if length <= 32 else _K2
    a, b, c, d = word(0) * first, word(8), word(-8) * factor, word(-16) * _K2
    y = _turned(a + b, 43) + _turned(c, 30) + d & _ALL
    z = _both(y, a + _turned(b + _K2, 18) + c & _ALL, factor)
    if length <= 32:
        return z
    e, f = word(16) * factor, word(24)
    g, h = (y + word(-32)) * factor, (z + word(-24)) * factor
    return _both(
        _turned(e + f, 43) + _turned(g, 30) + h & _ALL, e + _turned(f + a, 18) + g & _ALL, factor
    )


def _of_long(text: bytes, word) -> int:
    """The same for more than 64 bytes."""
    last = len(text) - 1
    y = 81 * _K1 + 113 & _ALL
    z = _mixed(y * _K2 + 113) * _K2 & _ALL
    x, v, w = 81 * _K2 + word(0) & _ALL, (0, 0), (0, 0)

    def weak(at: int, a: int, b: int) -> tuple[int, int]:
        w, x, y, z = (word(at + i) for i in (0, 8, 16, 24))
        a += w
        b = _turned(b + a + z, 21)
        c = a
        a += x + y
        return a + z & _ALL, b + _turned(a, 44) + c & _ALL

    def block(at: int, k: int, weight: int) -> None:
        nonlocal x, y, z, v, w
        x = _turned(x + y + v[0] + word(at + 8), 37) * k & _ALL
        y = _turned(y + v[1] + word(at + 48), 42) * k & _ALL
        x ^= w[1] * weight & _ALL
        y = y + v[0] * weight + word(at + 40) & _ALL
        z = _turned(z + w[0], 33) * k & _ALL
        v = weak(at, v[1] * k, x + w[0])
        w = weak(at + 32, z + w[1], y + word(at + 16))
        z, x = x, z

    for at in range(0, last // 64 * 64, 64):
        block(at, _K1, 1)
    factor = _K1 + ((z & 0xFF) << 1)
    more = w[0] + (last & 63)
    v = v[0] + more & _ALL, v[1]
    w = more + v[0] & _ALL, w[1]
    block(last - 63, factor, 9)
    left = _both(v[0], w[0], factor) + _mixed(y) * _K0 + z & _ALL
    return _both(left, _both(v[1], w[1], factor) + x & _ALL, factor)


def salted(text: bytes, salt: Sequence[int]) -> int:
    """SipHash-2-4 of 64 bits with a key of two. Source: Aumasson and Bernstein, 2012."""
    v = [k ^ c for k, c in zip(
        (*salt, *salt),
        (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573),
        strict=True,
    )]  # fmt: skip

    def rounds(times: int) -> None:
        for _ in range(times):
            for a, b, c, d, left, right in ((0, 1, 2, 3, 13, 16), (2, 1, 0, 3, 17, 21)):
                v[a] = v[a] + v[b] & _ALL
                v[c] = v[c] + v[d] & _ALL
                v[b] = _turned(v[b], 64 - left) ^ v[a]
                v[d] = _turned(v[d], 64 - right) ^ v[c]
                v[a] = _turned(v[a], 32)

    whole = len(text) // 8 * 8
    words = [text[i : i + 8] for i in range(0, whole, 8)]
    words.append(text[whole:].ljust(7, b"\0") + bytes([len(text) % 256]))
    for each in words:
        number = int.from_bytes(each, "little")
        v[3] ^= number
        rounds(2)
        v[0] ^= number
    v[2] ^= 0xFF
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]
