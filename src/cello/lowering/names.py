"""Names that are valid in C, C++ and JavaScript, whatever layers and files are called."""

from __future__ import annotations

import re
import unicodedata

TAKEN = set(
    """
    alignas alignof and and_eq asm auto await bitand bitor bool boolean break byte case catch char
    class compl complex concept const const_cast consteval constexpr constinit continue debugger
    decltype default delete do double dynamic_cast else enum eval explicit export extends extern
    false final finally float for friend function goto if imaginary implements import in inline
    instanceof int interface let long main mutable namespace native new noexcept not not_eq null
    nullptr of operator or or_eq package private protected public register reinterpret_cast
    requires restrict return short signed sizeof static static_assert static_cast struct super
    switch synchronized template this thread_local throw throws transient true try typedef typeof
    typeid typename undefined union unsigned using var virtual void volatile wchar_t while with
    xor xor_eq yield arguments linux unix NULL NaN Infinity state
    """.split()
)


# What the functions of the files call things of their own.
RESERVED = (
    "n step steps given wrong lane i want off size most tolerance wanted found value row k phase "
    "nearest unused init reset block sequence logistic rsqrt round erf dots bfloat16 float16"
).split()
# What loops, temporary arrays and steps are called.
MADE = re.compile(r"(t|i|st|rt)\d+(_sums?)?|step_\w+|lanes_of_\w+")


def identifier(name: str, otherwise: str = "x") -> str:
    """Letters, digits and `_` of a name, with a letter first: never a word of the languages."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_") or otherwise
    if plain[0].isdigit() or plain in TAKEN or MADE.fullmatch(plain):
        plain = f"{otherwise}_{plain}"
    return plain


class Unique:
    """Gives each name once: `kernel`, `kernel_2`, `kernel_3`; case counts for nothing."""

    def __init__(self, *taken: str):
        self._taken = {name.lower() for name in taken}

    def __call__(self, name: str) -> str:
        wanted = found = identifier(name)
        number = 2
        while found.lower() in self._taken:
            found, number = f"{wanted}_{number}", number + 1
        self._taken.add(found.lower())
        return found


def comment(text: str) -> str:
    """A text that ends no comment and begins none: what could is written as `_`."""
    return re.sub(r"[^A-Za-z0-9 _.,:;()\[\]=+'/-]", "_", text).replace("//", "/ /")
