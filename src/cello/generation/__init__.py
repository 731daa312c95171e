"""Sequences of tokens written by a model, one token after the other, in one compiled loop."""

from cello.generation.generate import generate
from cello.generation.options import GenerationOptions
from cello.generation.writers import EncoderDecoder, LanguageModel

__all__ = ["EncoderDecoder", "GenerationOptions", "LanguageModel", "generate"]
