"""`generate`: from a prompt or a source to tokens, compiled once for each form of them."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.carry import Carry, examine
from cello.core.masking import MaskDropped
from cello.core.memory import telling_of_memory
from cello.core.random import new_key
from cello.core.symbolic import show_shape
from cello.core.variable import Binding
from cello.generation.greedy import nan_found, write_in_session
from cello.generation.head import gives_logits
from cello.generation.options import GenerationOptions
from cello.generation.search import choose_at_random, choose_likeliest, scores, search
from cello.training.ragged import Ragged
from cello.training.state import bind, values_of


class Plan(NamedTuple):
    """How a model writes.

    Attributes:
        off_time: for `Carry`.
        vocabulary: how many tokens it knows.
        masks_end_at: a layer that does not pass the mask of padded inputs on, in words, or `None`.
    """

    off_time: frozenset[str]
    vocabulary: int
    masks_end_at: str | None


def generate(writer, inputs, options: GenerationOptions):
    """What `writer` writes to `inputs`: see `GenerationOptions`.

    Args:
        writer: a `LanguageModel` or an `EncoderDecoder`.
        inputs: the prompt, or the source.

    Returns:
        Integers `(batch, max_length)`, or what the options say, as NumPy arrays.

    Raises:
        ValueError: for inputs that are no tokens; for a model that does not give scores for each
            token, or has a layer that needs the whole sequence, which is named; where the model
            gives NaN.
    """
    model = writer.model
    given = writer.data(inputs)
    data, plan = _look_up(writer, given)
    end_token = options.end_token
    if end_token is not None and not 0 <= end_token < plan.vocabulary:
        raise ValueError(
            f"{model}.generate: end_token must be one of the {plan.vocabulary} tokens that the "
            f"model can give, from 0 to {plan.vocabulary - 1}. Received: end_token={end_token}"
        )
    from_logits = options.from_logits
    if from_logits is None:
        from_logits = gives_logits(model, writer.head)
    if options.method == "greedy" and not options.return_scores and writer.head is model:
        written = write_in_session(model, given, options)
        if written is not None:
            return written
    run, variables = _program(writer, plan, options, from_logits)
    if options.method == "sample":
        key = new_key() if options.seed is None else jax.random.PRNGKey(options.seed)
        top_p = options.top_p or 1.0
        choice = {
            "key": key,
            "temperature": np.float32(options.temperature),
            "top_k": np.int32(options.top_k or plan.vocabulary),
            "top_p": np.float32(top_p if top_p < 1 else np.inf),  # all, whatever the rounding
        }
    else:
        choice = {"length_penalty": np.float32(options.length_penalty)}
    ends = np.int32(-1 if end_token is None else end_token), np.int32(options.pad_token)
    advice = "Pass fewer prompts at a time, or a smaller beam_width or max_length."
    with telling_of_memory("What is to be written", data, advice):
        tokens, found = jax.tree.map(np.asarray, run(values_of(variables), data, choice, *ends))
    if np.isnan(found).any():
        raise nan_found(model, np.isnan(found).any(1).argmax())
    if options.return_beams:
        return tokens, found
    return (tokens[:, 0], found[:, 0]) if options.return_scores else tokens[:, 0]


def _look_up(writer, data) -> tuple[Any, Plan]:
    """The inputs as arrays, and the plan for them."""
    padded = writer.pad(data, masked=True)
    form = jax.tree.structure(padded)
    programs = writer.model.trainer.programs
    plan = programs.find(("plan", form), lambda: _plan(writer, padded))
    if plan.masks_end_at is None or not isinstance(data, Ragged):
        return padded, plan
    if data.lengths.min() < data.lengths.max():
        raise ValueError(
            f"{writer.model}.generate got sequences of {data.lengths.min()} to "
            f"{data.lengths.max()} tokens, and cannot use their mask: {plan.masks_end_at}. Pass "
            "sequences of one length at a time."
        )
    return writer.pad(data, masked=False), plan


def _plan(writer, data) -> Plan:
    """Look at the model, by tracing it over a length that is not known."""

    def read(inputs):
        with Binding():
            return writer.read(*inputs)

    def along_time(leaf):
        return jax.ShapeDtypeStruct((leaf.shape[0], None), leaf.dtype)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MaskDropped)
        with Binding():
            tokens, context = jax.eval_shape(writer.begin, data)
        timed = jax.tree.map(along_time, tokens)
        off_time, outputs, time = examine(writer.head, read, (timed, context), _rows(tokens))
    dropped = next((w for w in caught if w.category is MaskDropped), None)
    shapes = [leaf.shape[1:] for leaf in jax.tree.leaves(outputs)]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][0] != time:
        raise ValueError(
            f"{writer.head} must give scores for each token, one output of shape (batch, time, "
            "vocabulary), to generate with it, and gives, behind the batch, "
            f"{[show_shape(shape) for shape in shapes]}: give its recurrent layers "
            "return_sequences=True, and its last layer a unit for each token."
        )
    ends = None if dropped is None else str(dropped.message).partition(":")[0]
    return Plan(off_time, shapes[0][1], ends)


def _program(writer, plan: Plan, options: GenerationOptions, from_logits: bool):
    """The compiled search, a function of `(values of variables, inputs, ...)`; the variables."""
    model = writer.model
    variables = model.variables
    form = options.method == "sample", options.width, options.max_length, from_logits
    key = ("generate", *form, *variables)
    run = model.trainer.programs.find(
        key, lambda: jax.jit(_search_of(writer, plan, variables, *form))
    )
    return run, variables


def _search_of(writer, plan: Plan, variables, random: bool, width, max_length, from_logits):
    def read(tokens, context, carried):
        """Log-probabilities of the token that comes next, and the states after these."""
        with Binding() as binding, Carry(carried, off_time=plan.off_time) as carry:
            last = writer.read(tokens, context)[:, -1]
        if binding.assigned:
            raise ValueError(
                f"generate: {', '.join(v.path for v in binding.assigned)} would be the same at "
                "each token. A layer that draws random numbers may do so in training alone."
            )
        # What a piece keeps for masked steps only stays as it is where a later one has no mask.
        kept = {**(carried or {}), **carry.kept}
        return jax.nn.log_softmax(last if from_logits else jnp.log(last)), kept

    def run(values, data, choice, end_token, pad_token):
        def choose(hypotheses, log_p, i):
            if not random:
                return choose_likeliest(hypotheses, log_p, **choice)
            key = jax.random.fold_in(choice["key"], i)
            return choose_at_random(hypotheses, log_p, **{**choice, "key": key})

        with bind((variables, values)):
            tokens, context = writer.begin(data)
            first, carried = read(tokens, context, None)
            carried, context = jax.tree.map(
                lambda a: jnp.repeat(a, width, axis=0), (carried, context)
            )
            found = search(
                first,
                carried,
                lambda last, carried: read(last, context, carried),
                choose,
                width=width,
                max_length=max_length,
                end_token=end_token,
                pad_token=pad_token,
            )
        return found.tokens, scores(found.log_p, found.lengths, choice.get("length_penalty", 0.0))

    return run


def _rows(tree) -> int:
    return jax.tree.leaves(tree)[0].shape[0]
