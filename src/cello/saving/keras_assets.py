"""Vocabularies in `.keras` files of Keras: `assets/layers/string_lookup/vocabulary.txt`.

Keras writes a vocabulary that `adapt` found beside the configuration, Cello into it; a layer in
which tokens have columns needs it before it is called.
"""

from __future__ import annotations

import collections
import re
from typing import Any

import numpy as np

from cello.core.files import ModelFileError
from cello.core.naming import snake_case
from cello.layers.vocabulary import VocabularyLayer
from cello.models.model import Model
from cello.saving.hdf5 import HDF5Reader
from cello.saving.keras_weights import INNER, places

_MEMBER = re.compile(r"assets/((?:\w+/)+)vocabulary\.txt", re.ASCII)


def is_asset(member: str) -> bool:
    """Whether a member of an archive has a place for a vocabulary."""
    return _MEMBER.fullmatch(member) is not None


def read_vocabularies(assets: dict[str, bytes], size: int) -> dict[str, list[str]]:
    """The tokens in each asset, by the path of its layer.

    Args:
        assets: the members of the archive by their names.
        size: that of the file, which bounds the number of tokens.

    Raises:
        ModelFileError: where one is no text, or has more tokens than the file accounts for.
    """
    found = {}
    for member, content in assets.items():
        path = _MEMBER.fullmatch(member)[1][:-1]  # type: ignore[index]
        if path.endswith(f"/{INNER}"):
            continue  # the same once more
        if content.count(b"\n") > size:
            raise ModelFileError(f"The member {member!r} has more tokens than its size allows.")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            raise ModelFileError(f"The member {member!r} is no text in UTF-8.") from None
        found[path] = text.rstrip("\n").split("\n") if text.strip("\n") else []
    return found


def put_in_configuration(config: dict[str, Any], vocabularies, reader: HDF5Reader) -> None:
    """Take the vocabularies of the layers in a graph, or in a row, into their configurations."""

    def visit(config: Any, prefix: str) -> None:
        entries = config.get("layers") if isinstance(config, dict) else None
        counts: collections.Counter[str] = collections.Counter()
        for entry in entries if isinstance(entries, list) else ():
            if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
                continue  # which is refused where it is made
            name = snake_case(str(entry.get("class_name")))
            number, counts[name] = counts[name], counts[name] + 1
            path = f"{prefix}layers/{name}" + (f"_{number}" if number else "")
            own = entry["config"]
            if path in vocabularies and own.get("vocabulary") is None:
                own["vocabulary"] = _typed(entry["class_name"], vocabularies.pop(path))
                weights = f"{path}/vars/idf_weights"
                if own.get("output_mode") == "tf_idf" and weights in reader.datasets:
                    own["idf_weights"] = np.asarray(reader.array(weights)).tolist()
            visit(own, f"{path}/")

    visit(config.get("config"), "")


def give_to_layers(model: Model, vocabularies: dict[str, list[str]]) -> None:
    """Give the layers of a class of one's own the vocabularies that are left.

    Raises:
        ModelFileError: where one belongs to no layer.
    """
    layers = {place.group.removesuffix("/vars"): place.layer for place in places(model)}
    for path, tokens in vocabularies.items():
        layer = layers.get(path)
        if not isinstance(layer, VocabularyLayer):
            raise ModelFileError(f"The vocabulary at {path!r} belongs to no layer of {model}.")
        if layer.vocabulary is None:
            layer.set_vocabulary(_typed(type(layer).__name__, tokens))


def _typed(kind: str, tokens: list[str]) -> list[Any]:
    if kind != "IntegerLookup":
        return tokens
    try:
        return [int(token) for token in tokens]
    except ValueError:
        raise ModelFileError("The vocabulary of an IntegerLookup has what is no integer.") from None
