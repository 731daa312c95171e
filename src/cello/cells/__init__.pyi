"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.dtype_policy import DTypePolicy
from cello.core.kinds import Integer
from cello.core.kinds import Named
from cello.core.kinds import Number
from cello.core.layer import Layer
from cello.core.symbolic import SymbolicTensor
from cello.core.types import ArrayTree
from cello.core.types import SymbolicTree
from collections.abc import Sequence
from jax.typing import ArrayLike
from jax.typing import DTypeLike
from typing import Any
from typing import Literal
from typing import overload
import cello.cells.attention as _cells_attention
import cello.cells.cell as _cells_cell
import cello.cells.cfc as _cells_cfc
import cello.cells.delta_net as _cells_delta_net
import cello.cells.echo_state as _cells_echo_state
import cello.cells.feed_forward as _cells_feed_forward
import cello.cells.gla as _cells_gla
import cello.cells.gru as _cells_gru
import cello.cells.grud as _cells_grud
import cello.cells.hgrn as _cells_hgrn
import cello.cells.layer_norm as _cells_layer_norm
import cello.cells.lru as _cells_lru
import cello.cells.lstm as _cells_lstm
import cello.cells.lstm_variants as _cells_lstm_variants
import cello.cells.ltc as _cells_ltc
import cello.cells.mamba as _cells_mamba
import cello.cells.mamba2 as _cells_mamba2
import cello.cells.min_rnn as _cells_min_rnn
import cello.cells.mlstm as _cells_mlstm
import cello.cells.multiplicative as _cells_multiplicative
import cello.cells.ode_rnn as _cells_ode_rnn
import cello.cells.projected_lstm as _cells_projected_lstm
import cello.cells.qrnn as _cells_qrnn
import cello.cells.retnet as _cells_retnet
import cello.cells.rglru as _cells_rglru
import cello.cells.rwkv7 as _cells_rwkv7
import cello.cells.s4d as _cells_s4d
import cello.cells.s5 as _cells_s5
import cello.cells.simple_rnn as _cells_simple_rnn
import cello.cells.slstm as _cells_slstm
import cello.cells.small_gated as _cells_small_gated
import cello.cells.sru as _cells_sru
import cello.cells.stacked as _cells_stacked
import cello.cells.wrappers as _cells_wrappers
import jax

class Cell(_cells_cell.Cell):
    def __init__(
        self, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, args: SymbolicTree, kwargs: Any, *, training: bool | None = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, args: ArrayTree, kwargs: Any, *, training: bool | None = None,
    ) -> tuple[jax.Array, Any]: ...

class AttentionCell(_cells_attention.AttentionCell, Cell):
    def __init__(
        self, cell: Layer, mechanism: Literal['luong', 'bahdanau'] = 'luong',
        units: Integer | None = None, return_alignments: bool = False,
        kernel_initializer: Named = 'glorot_uniform', kernel_regularizer: Named = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cell: The cell whose steps look at the memory.
        mechanism: "luong" or "bahdanau".
        units: Size of the attentional vector ("luong") or of the hidden layer of the score ("bahdanau"); that of the cell's output where `None`.
        return_alignments: Whether to return the weights of the memory's steps as well.
        kernel_initializer: Initialiser of the attention's kernels.
        kernel_regularizer: Penalty on the attention's kernels.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class StackedRNNCells(_cells_stacked.StackedRNNCells, Cell):
    def __init__(
        self, cells: Sequence[Layer], *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cells: The cells, from the input to the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class CfCCell(_cells_cfc.CfCCell, Cell):
    def __init__(
        self, units: Integer, mode: Literal['default', 'pure', 'no_gate'] = 'default',
        backbone_units: Integer = 128, backbone_layers: Integer = 1,
        backbone_activation: Literal['lecun_tanh', 'tanh', 'relu', 'silu', 'gelu'] = 'lecun_tanh',
        backbone_dropout: Number = 0.0, use_bias: bool = True, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        mode: Which of the equations: "default", "pure" or "no_gate".
        backbone_units: Size of the layers of the backbone.
        backbone_layers: Number of layers of the backbone; 0 for none.
        backbone_activation: Activation of the backbone.
        backbone_dropout: Fraction to drop in training behind each layer of the backbone, one draw a sequence.
        use_bias: Whether to add biases.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class EchoStateCell(_cells_echo_state.EchoStateCell, Cell):
    def __init__(
        self, units: Integer, spectral_radius: Number = 0.9, leak: Number = 1.0,
        input_scale: Number = 1.0, bias_scale: Number = 0.0, connectivity: Number = 0.1,
        activation: Named = 'tanh', seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the reservoir and of the output.
        spectral_radius: Largest absolute value of an eigenvalue of the reservoir.
        leak: How much of the state is new at every step.
        input_scale: Largest weight of the inputs.
        bias_scale: Largest bias.
        connectivity: Share of the units from which a unit gets a connection.
        activation: Activation of the units.
        seed: Seed of the weights.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class FeedForwardCell(_cells_feed_forward.FeedForwardCell, Cell):
    def __init__(
        self, units: Integer, expand: Number = 4, activation: Named = 'gelu', gated: bool = True,
        kernel_initializer: Named = 'glorot_uniform', *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        expand: Size of the hidden layer, in `units`.
        activation: Activation of the hidden layer.
        gated: Whether the hidden layer has gates.
        kernel_initializer: Initialiser of the kernels.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, *, training: bool | None = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, *, training: bool | None = None,
    ) -> tuple[jax.Array, Any]: ...

class GRUDCell(_cells_grud.GRUDCell, Cell):
    def __init__(
        self, units: Integer, mean: ArrayLike | Sequence[float] = 0.0, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        mean: What missing values decay to: the mean of each feature, or of all.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class GriffinCell(_cells_rglru.GriffinCell, Cell):
    def __init__(
        self, units: Integer, expand: Number = 1.3333333333333333, window: Integer = 4,
        kernel_initializer: Named = 'lecun_normal', dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        expand: Width of the recurrence, in `units`.
        window: How many steps the convolution looks at.
        kernel_initializer: Initialiser of the kernels.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class LRUCell(_cells_lru.LRUCell, Cell):
    def __init__(
        self, units: Integer, state_units: Integer | None = None, r_min: Number = 0.0,
        r_max: Number = 1.0, max_phase: Number = 6.283185307179586, dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        state_units: Size of the complex state; `units` where `None`.
        r_min: Smallest radius that lambda starts from; near 1 for long sequences.
        r_max: Largest radius that lambda starts from.
        max_phase: Largest phase that lambda starts from; small for long sequences.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class LTCCell(_cells_ltc.LTCCell, Cell):
    def __init__(
        self, units: Integer, ode_unfolds: Integer = 6, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        ode_unfolds: Steps of the solver between two steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ODERNNCell(_cells_ode_rnn.ODERNNCell, Cell):
    def __init__(
        self, units: Integer, field_units: Integer = 64,
        solver: Literal['euler', 'heun', 'bosh3', 'tsit5'] = 'tsit5', ode_steps: Integer = 4, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        field_units: Size of the hidden layer of the equation.
        solver: "euler", "heun", "bosh3" or "tsit5": of order 1, 2, 3 and 5.
        ode_steps: Steps of the solver between two steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class TokenShiftFeedForwardCell(_cells_feed_forward.TokenShiftFeedForwardCell, Cell):
    def __init__(
        self, units: Integer, expand: Number = 4, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        expand: Size of the hidden layer, in `units`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, *, training: bool | None = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, *, training: bool | None = None,
    ) -> tuple[jax.Array, Any]: ...

class DeltaNetCell(_cells_delta_net.DeltaNetCell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, window: Integer = 4, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        key_dim: Size of a key in each head; `units / heads` where `None`.
        value_dim: Size of a value in each head; `units / heads` where `None`.
        window: How many steps the convolution looks at; 1 for none.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class GLACell(_cells_gla.GLACell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, rank: Integer = 16, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        key_dim: Size of a key in each head; half of `units / heads`, rounded up, where `None`.
        value_dim: Size of a value in each head; `units / heads` where `None`.
        rank: Rank of the gate's kernel.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class HGRNCell(_cells_hgrn.HGRNCell, Cell):
    def __init__(
        self, units: Integer, lower_bound: Number = 0.0, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        lower_bound: What the forget gate never goes below.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class MLSTMCell(_cells_mlstm.MLSTMCell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        forget_gate: Literal['sigmoid', 'exponential'] = 'sigmoid', kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        key_dim: Size of a key in each head; `units / heads` where `None`.
        forget_gate: What the forget gate applies: "sigmoid" or "exponential".
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class Mamba2Cell(_cells_mamba2.Mamba2Cell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, state_units: Integer = 128, expand: Integer = 2,
        window: Integer = 4, kernel_initializer: Named = ..., dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        state_units: Size of B and C: rows of the state.
        expand: Values of all heads for each unit.
        window: How many steps the convolution looks at; 1 for none.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class MambaCell(_cells_mamba.MambaCell, Cell):
    def __init__(
        self, units: Integer, state_units: Integer = 16, expand: Integer = 2, window: Integer = 4,
        step_rank: Integer | None = None, use_bias: bool = False, dt_min: Number = 0.001,
        dt_max: Number = 0.1, dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        state_units: Size of the state of a channel.
        expand: Channels inside for each unit.
        window: How many steps the convolution looks at.
        step_rank: Numbers that the steps of all channels are made of; `units / 16`, rounded up, where `None`.
        use_bias: Whether the products with W and V get a bias.
        dt_min: Smallest step to start from.
        dt_max: Largest step to start from.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class MinGRUCell(_cells_min_rnn.MinGRUCell, Cell):
    def __init__(
        self, units: Integer, positive: bool = True, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        positive: Whether the candidate goes through g, so that the state is positive.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class MinLSTMCell(_cells_min_rnn.MinLSTMCell, Cell):
    def __init__(
        self, units: Integer, positive: bool = True, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        positive: Whether the candidate goes through g, so that the state is positive.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class MultiplicativeIntegrationCell(_cells_multiplicative.MultiplicativeIntegrationCell, Cell):
    def __init__(
        self, cell: Layer, alpha: Number = 1.0, beta: Number = 0.5, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cell: The cell inside.
        alpha: What `alpha` starts from.
        beta: What `beta_1` and `beta_2` start from.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class QRNNCell(_cells_qrnn.QRNNCell, Cell):
    def __init__(
        self, units: Integer, window: Integer = 2, activation: Named = 'tanh',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        window: How many steps the convolution looks at.
        activation: Activation of the candidate.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class RGLRUCell(_cells_rglru.RGLRUCell, Cell):
    def __init__(
        self, units: Integer, use_bias: bool = True, kernel_initializer: Named = 'lecun_normal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernels.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class RWKV7Cell(_cells_rwkv7.RWKV7Cell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, rank: Integer | None = None,
        kernel_initializer: Named = ..., dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        rank: Rank of the kernels of w, a and g; where `None`, as in the authors' code: a multiple of 32 near to `1.8 sqrt(units)`, and for g to `0.6 units^0.8`.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ResidualCell(_cells_wrappers.ResidualCell, Cell):
    def __init__(
        self, cell: Layer, normalization: Layer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cell: The cell inside.
        normalization: A layer that works on each step by itself, `RMSNormalization()` say, or `None`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class RetNetCell(_cells_retnet.RetNetCell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, rotation: bool = True, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        key_dim: Size of a key in each head; `units / heads` where `None`.
        value_dim: Size of a value in each head; `2 * units / heads` where `None`.
        rotation: Whether queries and keys turn with time.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class S4DCell(_cells_s4d.S4DCell, Cell):
    def __init__(
        self, units: Integer, state_units: Integer = 64, dt_min: Number = 0.001,
        dt_max: Number = 0.1, start: Literal['lin', 'inv', 'real'] = 'lin',
        discretization: Literal['zoh', 'bilinear'] = 'zoh', dropout: Number = 0.0,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        state_units: Size of the state of a channel, conjugates counted.
        dt_min: Smallest step to start from.
        dt_max: Largest step to start from.
        start: What A starts from: "lin", "inv" or "real".
        discretization: How the equation in time becomes steps: "zoh" (zero-order hold) or "bilinear".
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class S5Cell(_cells_s5.S5Cell, Cell):
    def __init__(
        self, units: Integer, state_units: Integer | None = None, dt_min: Number = 0.001,
        dt_max: Number = 0.1, dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        state_units: Size of the state, conjugates counted; `units`, or one more to be even, where `None`.
        dt_min: Smallest step to start from.
        dt_max: Largest step to start from.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class SRUCell(_cells_sru.SRUCell, Cell):
    def __init__(
        self, units: Integer, highway: bool = True, highway_bias: Number = 0.0,
        use_bias: bool = True, kernel_initializer: Named = 'lecun_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        highway: Whether the inputs go around the recurrence.
        highway_bias: What the bias of r starts from: less than 0 to let more of the inputs around.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernels.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class CoupledLSTMCell(_cells_lstm_variants.CoupledLSTMCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = ..., recurrent_initializer: Named = ...,
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class DropConnectCell(_cells_wrappers.DropConnectCell, Cell):
    def __init__(
        self, cell: Layer, rate: Number = 0.5, names: Sequence[str] = ..., *,
        seed: Integer | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cell: The cell inside.
        rate: Fraction of the weights to drop.
        names: Names of the weights that it drops.
        seed: Seed of what is drawn.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class DropoutCell(_cells_wrappers.DropoutCell, Cell):
    def __init__(
        self, cell: Layer, inputs: Number = 0.0, outputs: Number = 0.0, states: Number = 0.0,
        per_step: bool = False, *, seed: Integer | None = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cell: The cell inside.
        inputs: Fraction of the inputs to drop.
        outputs: Fraction of the outputs to drop.
        states: Fraction of the first state to drop.
        per_step: Whether to draw at each step, or once a sequence.
        seed: Seed of what is drawn.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class GRUCell(_cells_gru.GRUCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, reset_after: bool = True, seed: Integer | None = None, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        reset_after: Whether the reset gate acts after the recurrent product or before.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class GatedDeltaNetCell(_cells_delta_net.GatedDeltaNetCell, DeltaNetCell):
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, window: Integer = 4, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        key_dim: Size of a key in each head; `units / heads` where `None`.
        value_dim: Size of a value in each head; `2 * units / heads` where `None`.
        window: How many steps the convolution looks at; 1 for none.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class IndRNNCell(_cells_small_gated.IndRNNCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'relu', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = ...,
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the output.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class LSTMCell(_cells_lstm.LSTMCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        unit_forget_bias: bool = True, kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class MGUCell(_cells_small_gated.MGUCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gate.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class SLSTMCell(_cells_slstm.SLSTMCell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, activation: Named = 'tanh', use_bias: bool = True,
        kernel_initializer: Named = ..., recurrent_initializer: Named = 'zeros',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, forget_gate: Literal['sigmoid', 'exponential'] = 'sigmoid',
        power_law_forget_bias: bool = True, *, activity_regularizer: Named = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        heads: Number of heads; it divides `units`.
        activation: Activation of the candidate and output.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        forget_gate: What the forget gate applies: "sigmoid" or "exponential".
        power_law_forget_bias: Whether the biases of the forget gates start spread over short and long memories.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class SimpleRNNCell(_cells_simple_rnn.SimpleRNNCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class UGRNNCell(_cells_small_gated.UGRNNCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        unit_forget_bias: bool = True, kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gate.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the gate starts from 1, so that states are kept at first.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ZoneoutCell(_cells_wrappers.ZoneoutCell, Cell):
    def __init__(
        self, cell: Layer, rate: Number | Sequence[float] = 0.1, *, seed: Integer | None = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cell: The cell inside.
        rate: Probability that an element of a state stays.
        seed: Seed of what is drawn.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None, constants: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ConvGRU1DCell(Cell):
    r"""One step of the gated recurrent unit whose states are maps: all products are convolutions.

        z = sigmoid(x_t * W_z + h_{t-1} * U_z + b_z)
        r = sigmoid(x_t * W_r + h_{t-1} * U_r + b_r)
        n = tanh(x_t * W_n + (r h_{t-1}) * U_n + b_n)
        h_t = z h_{t-1} + (1 - z) n

    `*` is the convolution; those with `U` have strides of 1 and keep the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has one axis; states `[h]` and output `h`, each
    `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the batch.
    Weights: kernel `W` `(kernel_size..., channels, 3 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 3 * filters)`, bias `b` `(3 * filters,)`; gates in the order z, r, n.

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Ballas et al. 2016; Siam et al. 2017.
    """
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the window: a number, or one an axis of space.
        strides: Places from window to window over the inputs.
        padding: Whether the windows over the inputs stay inside, "valid", or zeros surround the inputs, "same".
        data_format: Whether the channels are the last axis, "channels_last" (where `None`), or stand in front of space, "channels_first".
        dilation_rate: Places from tap to tap within the windows over the inputs.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ConvGRU2DCell(Cell):
    r"""One step of the gated recurrent unit whose states are maps: all products are convolutions.

        z = sigmoid(x_t * W_z + h_{t-1} * U_z + b_z)
        r = sigmoid(x_t * W_r + h_{t-1} * U_r + b_r)
        n = tanh(x_t * W_n + (r h_{t-1}) * U_n + b_n)
        h_t = z h_{t-1} + (1 - z) n

    `*` is the convolution; those with `U` have strides of 1 and keep the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has 2 axes; states `[h]` and output `h`, each
    `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the batch.
    Weights: kernel `W` `(kernel_size..., channels, 3 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 3 * filters)`, bias `b` `(3 * filters,)`; gates in the order z, r, n.

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Ballas et al. 2016; Siam et al. 2017.
    """
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the window: a number, or one an axis of space.
        strides: Places from window to window over the inputs.
        padding: Whether the windows over the inputs stay inside, "valid", or zeros surround the inputs, "same".
        data_format: Whether the channels are the last axis, "channels_last" (where `None`), or stand in front of space, "channels_first".
        dilation_rate: Places from tap to tap within the windows over the inputs.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ConvGRU3DCell(Cell):
    r"""One step of the gated recurrent unit whose states are maps: all products are convolutions.

        z = sigmoid(x_t * W_z + h_{t-1} * U_z + b_z)
        r = sigmoid(x_t * W_r + h_{t-1} * U_r + b_r)
        n = tanh(x_t * W_n + (r h_{t-1}) * U_n + b_n)
        h_t = z h_{t-1} + (1 - z) n

    `*` is the convolution; those with `U` have strides of 1 and keep the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has 3 axes; states `[h]` and output `h`, each
    `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the batch.
    Weights: kernel `W` `(kernel_size..., channels, 3 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 3 * filters)`, bias `b` `(3 * filters,)`; gates in the order z, r, n.

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Ballas et al. 2016; Siam et al. 2017.
    """
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, *, activity_regularizer: Named = None, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the window: a number, or one an axis of space.
        strides: Places from window to window over the inputs.
        padding: Whether the windows over the inputs stay inside, "valid", or zeros surround the inputs, "same".
        data_format: Whether the channels are the last axis, "channels_last" (where `None`), or stand in front of space, "channels_first".
        dilation_rate: Places from tap to tap within the windows over the inputs.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ConvLSTM1DCell(Cell):
    r"""One step of long short-term memory whose states are maps: all products are convolutions.

        i, f, g, o = split(x_t * W + h_{t-1} * U + b)
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t)

    `*` is the convolution; that with `U` has strides of 1 and keeps the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has one axis; states `[h, c]` and output `h`,
    each `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the
    batch. Weights: kernel `W` `(kernel_size..., channels, 4 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 4 * filters)`, bias `b` `(4 * filters,)`; gates in the order
    i, f, c, o. Dropout draws one mask for all gates (Keras draws one a gate).

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Shi et al. 2015, without peepholes, as Keras has it.
    """
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the window: a number, or one an axis of space.
        strides: Places from window to window over the inputs.
        padding: Whether the windows over the inputs stay inside, "valid", or zeros surround the inputs, "same".
        data_format: Whether the channels are the last axis, "channels_last" (where `None`), or stand in front of space, "channels_first".
        dilation_rate: Places from tap to tap within the windows over the inputs.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ConvLSTM2DCell(Cell):
    r"""One step of long short-term memory whose states are maps: all products are convolutions.

        i, f, g, o = split(x_t * W + h_{t-1} * U + b)
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t)

    `*` is the convolution; that with `U` has strides of 1 and keeps the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has 2 axes; states `[h, c]` and output `h`,
    each `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the
    batch. Weights: kernel `W` `(kernel_size..., channels, 4 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 4 * filters)`, bias `b` `(4 * filters,)`; gates in the order
    i, f, c, o. Dropout draws one mask for all gates (Keras draws one a gate).

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Shi et al. 2015, without peepholes, as Keras has it.
    """
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the window: a number, or one an axis of space.
        strides: Places from window to window over the inputs.
        padding: Whether the windows over the inputs stay inside, "valid", or zeros surround the inputs, "same".
        data_format: Whether the channels are the last axis, "channels_last" (where `None`), or stand in front of space, "channels_first".
        dilation_rate: Places from tap to tap within the windows over the inputs.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class ConvLSTM3DCell(Cell):
    r"""One step of long short-term memory whose states are maps: all products are convolutions.

        i, f, g, o = split(x_t * W + h_{t-1} * U + b)
        c_t = sigmoid(f) c_{t-1} + sigmoid(i) tanh(g)
        h_t = sigmoid(o) tanh(c_t)

    `*` is the convolution; that with `U` has strides of 1 and keeps the size of space. Other
    products go element by element.

    Inputs `(batch, space..., channels)`, where space has 3 axes; states `[h, c]` and output `h`,
    each `(batch, new_space..., filters)`. With "channels_first" the channels stand behind the
    batch. Weights: kernel `W` `(kernel_size..., channels, 4 * filters)`, recurrent kernel `U`
    `(kernel_size..., filters, 4 * filters)`, bias `b` `(4 * filters,)`; gates in the order
    i, f, c, o. Dropout draws one mask for all gates (Keras draws one a gate).

    Raises:
        ValueError: where both strides and dilation are larger than 1, or the size of space is not
            known.

    Source: Shi et al. 2015, without peepholes, as Keras has it.
    """
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        filters: Number of channels of the state and of the output.
        kernel_size: Size of the window: a number, or one an axis of space.
        strides: Places from window to window over the inputs.
        padding: Whether the windows over the inputs stay inside, "valid", or zeros surround the inputs, "same".
        data_format: Whether the channels are the last axis, "channels_last" (where `None`), or stand in front of space, "channels_first".
        dilation_rate: Places from tap to tap within the windows over the inputs.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class LayerNormGRUCell(_cells_layer_norm.LayerNormGRUCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, epsilon: Number = 1e-05, *,
        activity_regularizer: Named = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        epsilon: Added to the variances.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class LayerNormLSTMCell(_cells_layer_norm.LayerNormLSTMCell, Cell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        unit_forget_bias: bool = True, kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, epsilon: Number = 1e-05, *, activity_regularizer: Named = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        epsilon: Added to the variances.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, states: Any, training: Any = None,
    ) -> tuple[SymbolicTensor, Any]: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, states: Any, training: Any = None,
    ) -> tuple[jax.Array, Any]: ...

class PeepholeLSTMCell(_cells_lstm_variants.PeepholeLSTMCell, LSTMCell):
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = ..., recurrent_initializer: Named = ...,
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        peephole_initializer: Named = ..., *, activity_regularizer: Named = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        peephole_initializer: Initialiser of the peepholes.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ProjectedLSTMCell(_cells_projected_lstm.ProjectedLSTMCell, LSTMCell):
    def __init__(
        self, units: Integer, projection: Integer | None = None, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        projection_initializer: Named = 'glorot_uniform', *, activity_regularizer: Named = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        implementation: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        projection: Size of the output and of the state `h`; half of `units` where `None`.
        activation: Activation of the candidate and output.
        recurrent_activation: Activation of the gates.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the input weights.
        recurrent_initializer: Initialiser of the recurrent weights.
        bias_initializer: Initialiser of the bias.
        unit_forget_bias: Whether the bias of the forget gate starts from 1 (Jozefowicz et al. 2015).
        kernel_regularizer: Penalty on the input weights.
        recurrent_regularizer: Penalty on the recurrent weights.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        projection_initializer: Initialiser of the projection kernel.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """


__all__ = [
    "AttentionCell", "Cell", "CfCCell", "ConvGRU1DCell", "ConvGRU2DCell", "ConvGRU3DCell",
    "ConvLSTM1DCell", "ConvLSTM2DCell", "ConvLSTM3DCell", "CoupledLSTMCell", "DeltaNetCell",
    "DropConnectCell", "DropoutCell", "EchoStateCell", "FeedForwardCell", "GLACell", "GRUCell",
    "GRUDCell", "GatedDeltaNetCell", "GriffinCell", "HGRNCell", "IndRNNCell", "LRUCell", "LSTMCell",
    "LTCCell", "LayerNormGRUCell", "LayerNormLSTMCell", "MGUCell", "MLSTMCell", "Mamba2Cell",
    "MambaCell", "MinGRUCell", "MinLSTMCell", "MultiplicativeIntegrationCell", "ODERNNCell",
    "PeepholeLSTMCell", "ProjectedLSTMCell", "QRNNCell", "RGLRUCell", "RWKV7Cell", "ResidualCell",
    "RetNetCell", "S4DCell", "S5Cell", "SLSTMCell", "SRUCell", "SimpleRNNCell", "StackedRNNCells",
    "TokenShiftFeedForwardCell", "UGRNNCell", "ZoneoutCell",
]
