"""Text from outside, such as names in files, cleaned to be shown."""

from __future__ import annotations

import unicodedata


def clean_text(text, most: int = 200) -> str:
    """`text` without what a terminal obeys, and with its middle left out if it is long.

    Control characters and those that turn the direction of writing stand as Python writes them,
    `\\x1b`; so do line breaks.
    """
    text = _shorten(str(text), most)
    if text.isprintable():
        return text
    plain = (c if _is_plain(c) else c.encode("unicode_escape").decode() for c in text)
    return _shorten("".join(plain), most)


def _shorten(text: str, most: int) -> str:
    half = most // 2
    if len(text) <= most:
        return text
    return f"{text[:half]} ... {len(text) - 2 * half} more ... {text[-half:]}"


def _is_plain(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
