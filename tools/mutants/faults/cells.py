"""Faults in the frame around cells, recurrences on arrays, cells, and the layers that run them."""

CELLS = "tests/test_cells.py::"
LAW = CELLS + "test_a_sequence_is_the_repeated_step"
STEPS, LAST = "outputs and states of all steps", "backwards to the last output"
FREE, ZEROS = "without a mask", "zeros under the mask, not in training"
WRAPPERS = "tests/test_wrapper_cells.py::"
SRC = "src/cello/"

FAULTS = [
    # ------------------------------------------------------------------ the frame
    (
        SRC + "cells/frame.py",
        'if "turning" not in cell.does:',
        'if "turning" in cell.does:',
        [f"{LAW}[{LAST}-LRU]"],
        "A cell that cannot turn round is run forwards.",
    ),
    (
        SRC + "ops/run.py",
        "lambda x: jnp.flip(x, 1), (inputs, self.mask))",
        "lambda x: x if x is self.mask else jnp.flip(x, 1), (inputs, self.mask))",
        [f"{LAW}[{LAST}-LRU]"],
        "The mask is not flipped with the inputs.",
    ),
    (
        SRC + "cells/frame.py",
        'if "hiding" not in cell.does:',
        'if "hiding" in cell.does:',
        [f"{LAW}[{STEPS}-LRU]"],
        "What stands under the mask reaches the cell: NaN.",
    ),
    (
        SRC + "cells/frame.py",
        "masked = run.but(mask=jnp.zeros((batch, 1), bool))",
        "masked = run.but(mask=jnp.ones((batch, 1), bool))",
        [f"{CELLS}test_no_steps_change_nothing[True-LRU]"],
        "No steps count as one.",
    ),
    (
        SRC + "cells/frame.py",
        "last = cell.finish(take_last(found, run.mask))",
        "last = cell.finish(take_last(found, None))",
        [f"{LAW}[{LAST}-LRU]"],
        "The last output is that of the last step, masked or not.",
    ),
    (
        SRC + "cells/frame.py",
        "return choose_rows(run.mask.any(axis=1), last, first_output(last, states)), after",
        "return last, after",
        [f"{LAW}[{LAST}-SRU]"],
        "A row that is all masked gives an output of its masked steps.",
    ),
    (
        SRC + "cells/frame.py",
        "outputs = choose_rows(jnp.cumsum(real, axis=1) > 0, outputs, before)",
        "outputs = choose_rows(jnp.cumsum(real, axis=1) >= 0, outputs, before)",
        [f"{CELLS}test_pieces_that_carry_their_states_are_the_whole[LRU]"],
        "A masked start of a piece forgets the output of the piece before.",
    ),
    (
        SRC + "cells/frame.py",
        "slot.keep(jax.tree.map(lambda y: y[:, -1], outputs))",
        "slot.keep(jax.tree.map(lambda y: y[:, 0], outputs))",
        [f"{CELLS}test_pieces_that_carry_their_states_are_the_whole[LSTM]"],
        "The output that a piece hands on is its first.",
    ),
    (
        SRC + "cells/frame.py",
        "last = jax.tree.map(lambda s: s[:, -1], after) if run.return_all_states else after",
        "last = jax.tree.map(lambda s: s[:, 0], after) if run.return_all_states else after",
        [
            "tests/test_long_histories.py::test_segments_change_no_value_and_no_gradient[lstm-return_sequences return_all_states]"
        ],
        "A segment starts from the first state of the one before.",
    ),
    (
        SRC + "cells/frame.py",
        "counts = None if run.mask is None else _any_in_segments(run.mask, steps)",
        "counts = None",
        [
            "tests/test_long_histories.py::test_segments_change_no_value_and_no_gradient[own cell-go_backwards]"
        ],
        "The last output is that of the last segment, masked or not.",
    ),
    (
        SRC + "cells/frame.py",
        "    with hold(generators_of_a_sequence(cell)):",
        "    with hold([]):",
        ["tests/test_long_histories.py::test_dropout_draws_once_whatever_the_segments"],
        "Each segment draws its own dropout.",
    ),
    (
        SRC + "cells/loop.py",
        "    with hold(generators_of_a_sequence(cell)):",
        "    with hold([]):",
        [
            f"{CELLS}test_every_option_with_every_other[True-a loop]",
            f"{LAW}[{STEPS}-CfC]",
            f"{WRAPPERS}test_a_sequence_is_the_repeated_step",
        ],
        "A loop draws dropout anew at each step.",
    ),
    (
        SRC + "cells/loop.py",
        "        variable.assign(value)",
        "        pass",
        [f"{WRAPPERS}test_a_sequence_is_the_repeated_step[{STEPS}-zoneout of LSTM]"],
        "What a step has drawn is drawn again by the next sequence.",
    ),
    # ------------------------------------------------------------------ recurrences on arrays
    (
        SRC + "ops/recurrence.py",
        "new_states = choose_rows(keep, new_states, states)",
        "pass",
        [f"{LAW}[{STEPS}-MGU]"],
        "States change at masked steps of a loop.",
    ),
    (
        SRC + "ops/recurrence.py",
        "return choose_rows(real >= 0, taken, jax.tree.map(lambda y: y[:, None], first))",
        "return choose_rows(real >= 1, taken, jax.tree.map(lambda y: y[:, None], first))",
        [f"{LAW}[{STEPS}-LRU]"],
        "The output of a first real step is that before it.",
    ),
    (
        SRC + "ops/recurrence.py",
        "        return take_steps(known, jnp.maximum(real + by, 0))",
        "        return take_steps(known, jnp.maximum(real + by - 1, 0))",
        [f"{LAW}[{STEPS}-QRNN]"],
        "With a mask a window ends one step early.",
    ),
    (
        SRC + "ops/recurrence.py",
        "        inputs = take_steps(inputs, jnp.argsort(~mask, axis=1, stable=True))",
        "        pass",
        [f"{LAW}[{STEPS}-QRNN]"],
        "A window sees masked steps.",
    ),
    (
        SRC + "ops/linear_scan.py",
        "g = _by_jax(not reverse, _shifted(a, zeros, not reverse), d_h, zeros)",
        "g = _by_jax(not reverse, a, d_h, zeros)",
        ["tests/ops/test_linear_scan.py::test_second_derivatives"],
        "The second derivative of a linear scan is off by a step.",
    ),
    (
        SRC + "ops/matrix_scan.py",
        "new, outputs = chunk.decay * state + chunk.written, chunk.read @ state + chunk.outputs",
        "new, outputs = chunk.decay * state + chunk.written, chunk.outputs",
        [f"{CELLS}test_a_long_sequence_is_the_repeated_step[RetNet]"],
        "A chunk does not read the state before it.",
    ),
    (
        SRC + "ops/matrix_scan.py",
        "new, outputs = new + _outer(a, found), outputs + scores @ found",
        "new, outputs = new - _outer(a, found), outputs + scores @ found",
        [f"{CELLS}test_a_long_sequence_is_the_repeated_step[DeltaNet]"],
        "A chunk takes away with the wrong sign.",
    ),
    (
        SRC + "ops/matrix_scan.py",
        "passed_before = _sums(steps[:, None] > steps, log_decay)",
        "passed_before = passed",
        [f"{LAW}[{LAST}-GatedDeltaNet]"],
        "The decay of a step counts twice in the delta rule.",
    ),
    # ------------------------------------------------------------------ cells
    (
        SRC + "cells/linear.py",
        "(jnp.ones_like(a), jnp.zeros_like(b))",
        "(jnp.zeros_like(a), jnp.zeros_like(b))",
        [f"{LAW}[{STEPS}-LRU]"],
        "A masked step forgets the state.",
    ),
    (
        SRC + "cells/linear.py",
        "every = jax.tree.map(lambda s: s[:, -1], every)",
        "every = jax.tree.map(lambda s: s[:, 0], every)",
        [f"{LAW}[{LAST}-LRU]"],
        "The state after a sequence is that after its first step.",
    ),
    (
        SRC + "cells/linear.py",
        "parts = [h.real, h.imag] if self.complex_state else [h]",
        "parts = [h.real, -h.imag] if self.complex_state else [h]",
        ["tests/test_linear_cells.py::test_lru", f"{LAW}[{STEPS}-LRU]"],
        "A complex state comes out conjugated.",
    ),
    (
        SRC + "cells/matrix.py",
        "values, log_decay = choose_rows(mask, (values, log_decay), (0.0, 0.0))",
        "values = choose_rows(mask, values, 0.0)",
        [f"{LAW}[{STEPS}-RetNet]"],
        "A masked step lets a memory decay.",
    ),
    (
        SRC + "cells/matrix.py",
        "rank_one = (choose_rows(mask, rank_one[0], 0.0), rank_one[1])",
        "pass",
        [f"{LAW}[{STEPS}-DeltaNet]"],
        "A masked step takes away from a memory.",
    ),
    (
        SRC + "cells/matrix.py",
        "others = others if run.return_all_states else [s[:, -1] for s in others]",
        "others = others if run.return_all_states else [s[:, 0] for s in others]",
        [f"{LAW}[{LAST}-DeltaNet]"],
        "The window after a sequence is that after its first step.",
    ),
    (
        SRC + "cells/feed_forward.py",
        "return (seen, before), [seen if run.return_all_states else seen[:, -1]]",
        "return (seen, before), [seen if run.return_all_states else before[:, -1]]",
        [f"{LAW}[{LAST}-RWKVBlock]"],
        "The step that channel mixing remembers is one too old.",
    ),
    (
        SRC + "cells/s4d.py",
        "rest, states = self.sequence(inputs[:, whole:], states, run.but(training=False))",
        "rest, _ = self.sequence(inputs[:, whole:], states, run.but(training=False))",
        [f"{CELLS}test_a_long_sequence_is_the_repeated_step[S4D]"],
        "The state behind whole chunks is given in place of the last.",
    ),
    (
        SRC + "cells/stacked.py",
        "before_last = run.but(return_sequences=True, zero_output_for_mask=False)",
        "before_last = run.but(return_sequences=True, mask=None, zero_output_for_mask=False)",
        [
            f"{WRAPPERS}test_a_sequence_is_the_repeated_step[{STEPS}-zoneout of a row]",
            "tests/test_recurrent.py::test_a_sequence_is_the_repeated_step[stacked-False]",
        ],
        "Only the last of several cells gets the mask.",
    ),
    (
        SRC + "cells/wrappers.py",
        "kept.append(rate * old + (1 - rate) * new)",
        "kept.append(rate * new + (1 - rate) * old)",
        [f"{WRAPPERS}test_zoneout_is_an_average_outside_of_training"],
        "Zoneout keeps what it should take.",
    ),
    (
        SRC + "cells/wrappers.py",
        "outputs, states = run_cell(self.inner, self._normalise(inputs), states, every)",
        "outputs, states = run_cell(self.inner, inputs, states, every)",
        [f"{WRAPPERS}test_a_sequence_is_the_repeated_step[{STEPS}-residual of LSTM]"],
        "A residual cell's sequence is not normalised.",
    ),
    (
        SRC + "cells/wrappers.py",
        "with self._thin(run.training):",
        "with self._thin(False):",
        [f"{WRAPPERS}test_a_sequence_is_the_repeated_step[{STEPS}-drop connect of LSTM]"],
        "No connection is dropped in a sequence.",
    ),
    (
        SRC + "cells/multiplicative.py",
        "self._parts((inputs.shape[0], *inputs.shape[2:]), run.training)",
        "self._parts(inputs.shape, run.training)",
        [f"{WRAPPERS}test_a_sequence_is_the_repeated_step[{STEPS}-multiplied 0]"],
        "Multiplicative integration drops other inputs at each step.",
    ),
    # ------------------------------------------------------------------ layers
    (
        SRC + "layers/bidirectional.py",
        "y = jnp.flip(y, axis=1) if self.return_sequences else y",
        "pass",
        [f"{CELLS}test_both_directions_are_the_two_layers[LSTM]"],
        "Outputs of the way back are not turned round.",
    ),
    (
        SRC + "layers/bidirectional.py",
        "states = [initial_state[:half], initial_state[half:]]",
        "states = [initial_state[half:], initial_state[:half]]",
        ["tests/test_recurrent.py::test_bidirectional_as_in_keras[False-concat]"],
        "The two directions get each other's states.",
    ),
    (
        SRC + "layers/bidirectional.py",
        "new_states = jax.tree.map(lambda s: jnp.flip(s, axis=1), new_states)",
        "pass",
        ["tests/test_states.py::test_both_directions_return_states_in_the_order_of_time"],
        "All states of the way back stay in its order.",
    ),
    (
        SRC + "layers/rnn.py",
        "return jnp.flip(masks[0], 1) if self.go_backwards else masks[0]",
        "return masks[0]",
        ["tests/test_recurrent.py::test_the_mask_of_a_way_back_is_turned_round"],
        "The mask that travels on from a way back is not flipped.",
    ),
    (
        SRC + "layers/rnn.py",
        "last = start if time == 0 else jax.tree.map(lambda s: s[:, -1], states)",
        "last = start if time == 0 else jax.tree.map(lambda s: s[:, 0], states)",
        ["tests/test_states.py::test_stateful_layers_keep_the_last_of_all_states"],
        "A stateful layer goes on from its first state.",
    ),
    (
        SRC + "layers/rnn.py",
        "lambda v, s: v.assign(v.value.at[chosen].set(s[chosen])),",
        "lambda v, s: v.assign(s),",
        ["tests/test_states.py::test_single_rows_start_anew"],
        "All rows start anew if one should.",
    ),
    (
        SRC + "layers/rnn.py",
        "            slot.keep(last)",
        "            pass",
        [f"{CELLS}test_pieces_that_carry_their_states_are_the_whole[LSTM]"],
        "A piece does not hand its states on.",
    ),
]
