"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.dtype_policy import DTypePolicy
from cello.core.kinds import Integer
from cello.core.kinds import Named
from cello.core.kinds import Number
from cello.core.symbolic import SymbolicTensor
from cello.core.types import ArrayTree
from cello.core.types import SymbolicTree
from collections.abc import Callable
from collections.abc import Sequence
from jax.typing import ArrayLike
from jax.typing import DTypeLike
from typing import Any
from typing import Literal
from typing import overload
import cello.layers.activations as _layers_activations
import cello.layers.attention as _layers_attention
import cello.layers.bidirectional as _layers_bidirectional
import cello.layers.blocks as _layers_blocks
import cello.layers.category as _layers_category
import cello.layers.convolution as _layers_convolution
import cello.layers.dense as _layers_dense
import cello.layers.dropout as _layers_dropout
import cello.layers.einsum as _layers_einsum
import cello.layers.embedding as _layers_embedding
import cello.layers.function as _layers_function
import cello.layers.hashing as _layers_hashing
import cello.layers.input as _layers_input
import cello.layers.lookup as _layers_lookup
import cello.layers.merging as _layers_merging
import cello.layers.multi_head as _layers_multi_head
import cello.layers.normalization as _layers_normalization
import cello.layers.pooling as _layers_pooling
import cello.layers.preprocessing as _layers_preprocessing
import cello.layers.recurrent as _layers_recurrent
import cello.layers.reshaping as _layers_reshaping
import cello.layers.rnn as _layers_rnn
import cello.layers.spectrogram as _layers_spectrogram
import cello.layers.text as _layers_text
import cello.layers.time_distributed as _layers_time_distributed
import cello.layers.wrapper as _layers_wrapper
import jax

from cello.layers.input import Input as Input
from cello.layers.merging import add as add
from cello.layers.merging import average as average
from cello.layers.merging import concatenate as concatenate
from cello.core.serialization import deserialize as deserialize
from cello.layers.merging import dot as dot
from cello.layers.merging import maximum as maximum
from cello.layers.merging import minimum as minimum
from cello.layers.merging import multiply as multiply
from cello.constraints import serialize as serialize
from cello.layers.merging import subtract as subtract
from cello.core.input_spec import InputSpec as InputSpec
from cello.core.layer import Layer as Layer
class Activation(_layers_function.Activation, Layer):
    def __init__(
        self, activation: Named, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        activation: Name, such as "tanh", or function of an array.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Bidirectional(_layers_bidirectional.Bidirectional, Layer):
    def __init__(
        self, layer: Layer, merge_mode: Literal['concat', 'sum', 'mul', 'ave', None] = 'concat',
        weights: Any = None, backward_layer: Layer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        layer: The recurrent layer; both directions are made from it.
        merge_mode: "concat", "sum", "mul", "ave", or `None` for a tuple.
        weights: List of arrays: the weights of both directions to start from.
        backward_layer: The layer of the other direction, if not a copy; one of both has `go_backwards`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, sequences: SymbolicTree, initial_state: Any = None, mask: Any = None,
        training: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, sequences: ArrayTree, initial_state: Any = None, mask: Any = None,
        training: Any = None,
    ) -> jax.Array: ...

class CategoryEncoding(_layers_category.CategoryEncoding, Layer):
    def __init__(
        self, num_tokens: Integer | None = None,
        output_mode: Literal['one_hot', 'multi_hot', 'count'] = 'multi_hot', *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        sparse: Any = None,
    ) -> None:
        r"""Args:
        num_tokens: How many integers there are.
        output_mode: "one_hot", "multi_hot" or "count".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, count_weights: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, count_weights: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class Discretization(_layers_category.Discretization, Layer):
    def __init__(
        self, bin_boundaries: Sequence[float] | None = None, num_bins: Integer | None = None,
        epsilon: Number = 0.01,
        output_mode: Literal['int', 'one_hot', 'multi_hot', 'count'] = 'int', *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        sparse: Any = None,
    ) -> None:
        r"""Args:
        bin_boundaries: Where bins end, in order.
        num_bins: How many bins `adapt` makes.
        epsilon: As in Keras; here the quantiles are exact.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Embedding(_layers_embedding.Embedding, Layer):
    def __init__(
        self, input_dim: Integer, output_dim: Integer, embeddings_initializer: Named = 'uniform',
        embeddings_regularizer: Named = None, embeddings_constraint: Named = None,
        mask_zero: bool = False, weights: Any = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None, input_length: Any = None,
    ) -> None:
        r"""Args:
        input_dim: Number of symbols, the mask's 0 included.
        output_dim: Length of the vectors.
        embeddings_initializer: Initialiser of the vectors.
        embeddings_regularizer: Penalty on the vectors.
        embeddings_constraint: Constraint on the vectors.
        mask_zero: Whether 0 is padding: the mask is then `inputs != 0`.
        weights: List of one array: the vectors to start from.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Flatten(_layers_reshaping.Flatten, Layer):
    def __init__(
        self, data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        data_format: Only "channels_last".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Hashing(_layers_hashing.Hashing, Layer):
    def __init__(
        self, num_bins: Integer, mask_value: str | Integer | None = None,
        salt: Integer | Sequence[int] | None = None,
        output_mode: Literal['int', 'one_hot', 'multi_hot', 'count'] = 'int', *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        sparse: Any = None,
    ) -> None:
        r"""Args:
        num_bins: How many bins, that of `mask_value` included.
        mask_value: What has bin 0 for itself; nothing where `None`.
        salt: Key of the other hash: an integer, or two.
        output_mode: "int", "one_hot", "multi_hot" or "count".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Identity(_layers_function.Identity, Layer):
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
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class InputLayer(_layers_input.InputLayer, Layer):
    def __init__(
        self, batch_shape: Sequence[int | None], dtype: DTypeLike | None = None,
        name: str | None = None, *, trainable: bool = True, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        optional: Any = None, ragged: Any = None, sparse: Any = None,
    ) -> None:
        r"""Args:
        batch_shape: Shape with the batch; `None` for an unknown size.
        dtype: Dtype of the input; `floatx()` if `None`.
        name: Name.
        trainable: Whether training changes it.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Lambda(_layers_function.Lambda, Layer):
    def __init__(
        self, function: Callable[..., Any] | str, output_shape: Any = None, mask: Any = None,
        arguments: dict[str, Any] | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        function_type: Any = None, module: Any = None, output_shape_module: Any = None,
        output_shape_type: Any = None,
    ) -> None:
        r"""Args:
        function: The function.
        output_shape: Not needed: shapes are traced; accepted for Keras' sake.
        mask: The output's mask, or a function `(inputs, mask)` that makes it.
        arguments: More keyword arguments.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Masking(_layers_embedding.Masking, Layer):
    def __init__(
        self, mask_value: Number = 0.0, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        mask_value: The value that marks a step as padding.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class MelSpectrogram(_layers_spectrogram.MelSpectrogram, Layer):
    def __init__(
        self, fft_length: Integer = 2048, sequence_stride: Integer = 512,
        sequence_length: Integer | None = None, window: str | Sequence[float] | None = 'hann',
        sampling_rate: Number = 16000, num_mel_bins: Integer = 128, min_freq: Number = 20.0,
        max_freq: Number | None = None, power_to_db: bool = True, top_db: Number = 80.0,
        mag_exp: Number = 2.0, min_power: Number = 1e-10, ref_power: Number = 1.0, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        fft_length: Samples of the longest wave.
        sequence_stride: Samples from frame to frame.
        sequence_length: Samples of the window; `fft_length` if `None`.
        window: Name or numbers of the window; none where `None`.
        sampling_rate: Samples a second.
        num_mel_bins: Number of bands.
        min_freq: Where the lowest band begins, in hertz.
        max_freq: Where the highest ends; half `sampling_rate` if `None`.
        power_to_db: Whether the bands are in decibels.
        top_db: How far below the loudest band one may be.
        mag_exp: Exponent of the magnitudes: 1 for energy, 2 for power.
        min_power: What power counts at least.
        ref_power: The power of 0 decibels.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Normalization(_layers_preprocessing.Normalization, Layer):
    def __init__(
        self, axis: Integer | Sequence[int] | None = -1, mean: ArrayLike | None = None,
        variance: ArrayLike | None = None, invert: bool = False, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axis: Axis, or axes, that have a mean of their own; `None`: one for all.
        mean: The mean, if it is known.
        variance: The variance, if it is known.
        invert: Whether to do the opposite: `x * deviation + mean`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Permute(_layers_reshaping.Permute, Layer):
    def __init__(
        self, dims: Sequence[int], *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        dims: Numbers of the input's axes in the new order; they start at 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class RNN(_layers_rnn.RNN, Layer):
    @overload
    def __init__(
        self, cell: Layer | Sequence[Layer], return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        cell: A cell, or a list of cells, each fed by the one before.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    @overload
    def __call__(
        self, sequences: SymbolicTree, initial_state: Any = None, mask: Any = None,
        training: Any = None, constants: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, sequences: ArrayTree, initial_state: Any = None, mask: Any = None,
        training: Any = None, constants: Any = None,
    ) -> jax.Array: ...

class RepeatVector(_layers_reshaping.RepeatVector, Layer):
    def __init__(
        self, n: Integer, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        n: Number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Rescaling(_layers_preprocessing.Rescaling, Layer):
    def __init__(
        self, scale: ArrayLike, offset: ArrayLike = 0.0, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        scale: Factor: a number, or one for each feature.
        offset: What is added: a number, or one for each feature.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Reshape(_layers_reshaping.Reshape, Layer):
    def __init__(
        self, target_shape: int | Sequence[int], *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        target_shape: New shape without the batch; -1 for what is left.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class STFTSpectrogram(_layers_spectrogram.STFTSpectrogram, Layer):
    def __init__(
        self, mode: Literal['log', 'magnitude', 'psd', 'real', 'imag', 'angle', 'stft'] = 'log',
        frame_length: Integer = 256, frame_step: Integer | None = None,
        fft_length: Integer | None = None, window: str | Sequence[float] | None = 'hann',
        periodic: bool = False, scaling: Literal['density', 'spectrum', None] = 'density',
        padding: Literal['valid', 'same'] = 'valid', expand_dims: bool = False,
        data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        mode: "log", "magnitude", "psd" (power), "real", "imag", "angle", or "stft": both parts.
        frame_length: Steps of a frame.
        frame_step: Steps from frame to frame; half a frame where `None`.
        fft_length: Steps of the longest wave; the next power of two to `frame_length` where `None`.
        window: Name or numbers of the window; none where `None`.
        periodic: Whether the window is one period, or symmetric.
        scaling: What the window has the sum 1 of: squares, "density"; numbers, "spectrum"; or `None`.
        padding: "valid" or "same".
        expand_dims: Whether channels have an axis of their own.
        data_format: Only "channels_last": `(batch, time, channels)`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Softmax(_layers_activations.Softmax, Layer):
    def __init__(
        self, axis: Integer | Sequence[int] = -1, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axis: Axis, or axes, along which the outputs sum to 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class UpSampling1D(_layers_reshaping.UpSampling1D, Layer):
    def __init__(
        self, size: Integer = 2, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        size: How often.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Wrapper(_layers_wrapper.Wrapper, Layer):
    def __init__(
        self, layer: Layer, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        layer: The layer.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ActivityRegularization(_layers_function.ActivityRegularization, Identity):
    def __init__(
        self, l1: Number = 0.0, l2: Number = 0.0, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        l1: Weight of the absolute values.
        l2: Weight of the squares.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Add(_layers_merging.Add, Layer):
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
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class AdditiveAttention(_layers_attention.AdditiveAttention, Layer):
    def __init__(
        self, use_scale: bool = True, dropout: Number = 0.0, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        use_scale: Whether a trained weight scales the features.
        dropout: Fraction of the weights to drop in training.
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
        self, inputs: SymbolicTree, mask: Any = None, training: Any = None,
        return_attention_scores: Any = None, use_causal_mask: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, training: Any = None,
        return_attention_scores: Any = None, use_causal_mask: Any = None,
    ) -> jax.Array: ...

class Attention(_layers_attention.Attention, Layer):
    def __init__(
        self, use_scale: bool = False, score_mode: Literal['dot', 'concat'] = 'dot',
        dropout: Number = 0.0, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        use_scale: Whether a trained weight scales the scores.
        score_mode: "dot" or "concat".
        dropout: Fraction of the weights to drop in training.
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
        self, inputs: SymbolicTree, mask: Any = None, training: Any = None,
        return_attention_scores: Any = None, use_causal_mask: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, training: Any = None,
        return_attention_scores: Any = None, use_causal_mask: Any = None,
    ) -> jax.Array: ...

class Average(_layers_merging.Average, Layer):
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
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

from cello.cells import Cell as Cell
class CfC(RNN):
    r"""The closed-form continuous-time network, for steps at any times.

    It is `RNN(CfCCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        u = backbone([x_t, h_{t-1}])
        f, g = tanh(u W_f + b_f), tanh(u W_g + b_g)
        s = sigmoid((u W_a + b_a) * gap + u W_b + b_b)
        h_t = (1 - s) * f + s * g                        mode "default"
        h_t = f + s * g                                  mode "no_gate"
        h_t = A - A * exp(-gap * (|w| + |v|)) * v        mode "pure", v = u W_f + b_f

    The last is what Hasani et al. derive as the solution of a liquid time-constant network; the
    first replaces its exponential by a gate. The backbone is a network of dense layers. The inputs
    are `x`, or `[x, t]` with the time of each step; see `cello.cells.timed.TimedCell`.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[h, time]`, `(batch, units)`
    and `(batch, 1)`; output `h`. Weights: of each layer of the backbone a kernel and a bias, then
    kernel `(backbone_units, 4 * units)` and bias `(4 * units,)` of f, g, a, b; with "pure", kernel
    `(backbone_units, units)`, bias `(units,)`, `w` and `A` `(units,)`.

    Source: Hasani et al. 2022; as the authors' package ncps has it.
    """
    units: Any
    mode: Any
    backbone_units: Any
    backbone_layers: Any
    backbone_activation: Any
    backbone_dropout: Any
    use_bias: Any
    seed: Any
    def __init__(
        self, units: Integer, mode: Literal['default', 'pure', 'no_gate'] = 'default',
        backbone_units: Integer = 128, backbone_layers: Integer = 1,
        backbone_activation: Literal['lecun_tanh', 'tanh', 'relu', 'silu', 'gelu'] = 'lecun_tanh',
        backbone_dropout: Number = 0.0, use_bias: bool = True, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Concatenate(_layers_merging.Concatenate, Layer):
    def __init__(
        self, axis: Integer = -1, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axis: The axis along which they are joined.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class ConvGRU1D(RNN):
    r"""The gated recurrent unit whose states are maps: all products are convolutions.

    It is `RNN(ConvGRU1DCell(filters, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

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
    filters: Any
    kernel_size: Any
    strides: Any
    padding: Any
    data_format: Any
    dilation_rate: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ConvGRU2D(RNN):
    r"""The gated recurrent unit whose states are maps: all products are convolutions.

    It is `RNN(ConvGRU2DCell(filters, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

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
    filters: Any
    kernel_size: Any
    strides: Any
    padding: Any
    data_format: Any
    dilation_rate: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ConvGRU3D(RNN):
    r"""The gated recurrent unit whose states are maps: all products are convolutions.

    It is `RNN(ConvGRU3DCell(filters, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

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
    filters: Any
    kernel_size: Any
    strides: Any
    padding: Any
    data_format: Any
    dilation_rate: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ConvLSTM1D(RNN):
    r"""Long short-term memory whose states are maps: all products are convolutions.

    It is `RNN(ConvLSTM1DCell(filters, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

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
    filters: Any
    kernel_size: Any
    strides: Any
    padding: Any
    data_format: Any
    dilation_rate: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        zero_output_for_mask: bool = False, *, return_all_states: bool = False,
        initial_state: Literal['zeros', 'learned'] = 'zeros', remat: Integer | bool | None = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ConvLSTM2D(RNN):
    r"""Long short-term memory whose states are maps: all products are convolutions.

    It is `RNN(ConvLSTM2DCell(filters, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

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
    filters: Any
    kernel_size: Any
    strides: Any
    padding: Any
    data_format: Any
    dilation_rate: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        zero_output_for_mask: bool = False, *, return_all_states: bool = False,
        initial_state: Literal['zeros', 'learned'] = 'zeros', remat: Integer | bool | None = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ConvLSTM3D(RNN):
    r"""Long short-term memory whose states are maps: all products are convolutions.

    It is `RNN(ConvLSTM3DCell(filters, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

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
    filters: Any
    kernel_size: Any
    strides: Any
    padding: Any
    data_format: Any
    dilation_rate: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int] = 3,
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last', 'channels_first'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        zero_output_for_mask: bool = False, *, return_all_states: bool = False,
        initial_state: Literal['zeros', 'learned'] = 'zeros', remat: Integer | bool | None = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class CoupledLSTM(RNN):
    r"""Long short-term memory that forgets exactly as much as it takes in (CIFG).

    It is `RNN(CoupledLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)

    The input gate is one minus the forget gate: a quarter fewer weights than `LSTMCell`, and a
    memory between -1 and 1.

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U` `(units, 3 * units)`, bias `b`
    `(3 * units,)`; gates in the order f, c, o. `W` and `U` start normal, with a deviation of 0.1.

    Source: Greff, Srivastava, Koutnik, Steunebrink and Schmidhuber 2017, without peepholes.
    """
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = ..., recurrent_initializer: Named = ...,
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        zero_output_for_mask: bool = False, *, return_all_states: bool = False,
        initial_state: Literal['zeros', 'learned'] = 'zeros', remat: Integer | bool | None = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Cropping1D(_layers_reshaping.Cropping1D, Layer):
    def __init__(
        self, cropping: Integer | Sequence[int] = ..., *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        cropping: Steps at each end, or `(at the start, ...)`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class DeltaNet(RNN):
    r"""DeltaNet: the memory's value at a key moves to the new value, by the rate beta.

    It is `RNN(DeltaNetCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        q, k, v, beta = split(x_t W)
        q, k, v = silu(convolution of [q, k, v] over the last steps)
        q, k = q / |q|, k / |k|
        S_t = S_{t-1} + sigmoid(beta) k (v - S_{t-1}^T k)^T
        y_t = (scale * rms_norm(S_t^T q / sqrt(key_dim))) U

    in each head. The convolution has a kernel for each channel; steps before the first are zeros,
    and masked steps are passed over. Lengths are roots of the sum of squares plus 1e-6; `rms_norm`
    divides the values of each head by the root of their mean square plus 1e-5.

    Inputs `(batch, features)`; states `[S, the window - 1 steps of q, k, v before]`,
    `(batch, heads, key_dim, value_dim)` and `(batch, window - 1, heads * (2 * key_dim +
    value_dim))`, or `[S]` with a window of 1; output `y` `(batch, units)`. Weights: kernel `W`
    `(features, heads * (2 * key_dim + value_dim + 1))`, blocks in the order q, k, v, beta;
    convolution `(window, heads * (2 * key_dim + value_dim))`, the oldest step first; `scale`
    `(value_dim,)`; output kernel `U` `(heads * value_dim, units)`. The kernels start uniform, of
    the variance `1 / 32` over the number of rows, as in the authors' code for square kernels, the
    convolution as PyTorch starts it.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Yang, Wang, Zhang, Shen and Kim 2024, Parallelizing Linear Transformers with the Delta
    Rule over Sequence Length; sizes and initialisation from its code (flash-linear-attention).
    """
    units: Any
    heads: Any
    key_dim: Any
    value_dim: Any
    window: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, window: Integer = 4, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Dense(_layers_dense.Dense, Layer):
    def __init__(
        self, units: Integer, activation: Named = None, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        activation: Function of the sum; none where `None`.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Dot(_layers_merging.Dot, Layer):
    def __init__(
        self, axes: Integer | Sequence[int], normalize: bool = False, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axes: The axis, or one axis for each input, to sum over.
        normalize: Whether to scale to length 1 first: the cosine proximity.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class ELU(_layers_activations.ELU, Layer):
    def __init__(
        self, alpha: Number = 1.0, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        alpha: What the output goes to far below 0, with the sign turned.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class EchoState(RNN):
    r"""A reservoir, the random and untrained part of an echo state network.

    It is `RNN(EchoStateCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        h_t = (1 - leak) h_{t-1} + leak * tanh(x_t W + h_{t-1} U + b)

    The weights are drawn once and never trained; what is trained is a `Dense` after it, most simply
    in closed form, by `cello.ridge.fit_readout`. `W` and `b` are uniform up to `input_scale` and
    `bias_scale`. Of the entries of each column of `U` a share of `connectivity`, one at the least,
    is uniform around 0, and the others are 0; then `U` is scaled so that its largest eigenvalue has
    the absolute value `spectral_radius`. Below 1, in practice, states that were different run
    together as the same inputs come: the reservoir forgets how it started.

    Inputs `(batch, features)`, state `[h]` and output `h`, each `(batch, units)`. Weights, none of
    them trainable: kernel `W` `(features, units)`, recurrent kernel `U` `(units, units)`, bias `b`
    `(units,)`.

    Source: Jaeger 2001; leaking units: Jaeger et al. 2007; how to choose the arguments:
    Lukosevicius 2012, A practical guide to applying echo state networks.
    """
    units: Any
    spectral_radius: Any
    leak: Any
    input_scale: Any
    bias_scale: Any
    connectivity: Any
    activation: Any
    seed: Any
    def __init__(
        self, units: Integer, spectral_radius: Number = 0.9, leak: Number = 1.0,
        input_scale: Number = 1.0, bias_scale: Number = 0.0, connectivity: Number = 0.1,
        activation: Named = 'tanh', seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class EinsumDense(_layers_einsum.EinsumDense, Layer):
    def __init__(
        self, equation: str, output_shape: Integer | Sequence[int | None], activation: Named = None,
        bias_axes: str | None = None, kernel_initializer: Named = 'glorot_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, activity_regularizer: Named = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        gptq_unpacked_column_size: Any = None,
    ) -> None:
        r"""Args:
        equation: How the axes meet, such as "ab,bc->ac".
        output_shape: Sizes of the outputs without the batch and what `...` stands for; `None`: not known.
        activation: Function of the sum; none where `None`.
        bias_axes: Letters of the outputs that have a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        activity_regularizer: Penalty on the output.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class GLA(RNN):
    r"""Gated linear attention: a decay for each row of the memory, from the inputs.

    It is `RNN(GLACell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        q, k, v, g, low = split(x_t W)
        log_alpha = log(sigmoid(low A + b)) / 16
        S_t = alpha * S_{t-1} + k v^T
        y_t = (silu(g) * scale * rms_norm(S_t^T q / sqrt(key_dim))) U

    in each head. `rms_norm` divides the values of each head by the root of their mean square plus
    1e-5.

    Inputs `(batch, features)`; states `[S]`, `(batch, heads, key_dim, value_dim)`; output `y`
    `(batch, units)`. Weights: kernel `W` `(features, heads * (2 * key_dim + 2 * value_dim) +
    rank)`, blocks in the order q, k, v, g, low; gate kernel `A` `(rank, heads * key_dim)` and gate
    bias `b`; `scale` `(value_dim,)`; output kernel `U` `(heads * value_dim, units)`. The kernels
    start uniform, of the variance `1 / 32` over the number of rows, as in the authors' code for
    square kernels.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Yang, Wang, Shen, Panda and Kim 2023, Gated Linear Attention Transformers with
    Hardware-Efficient Training; sizes and initialisation from its code (flash-linear-attention).
    """
    units: Any
    heads: Any
    key_dim: Any
    value_dim: Any
    rank: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, rank: Integer = 16, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class GRU(_layers_recurrent.GRU, RNN):
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    reset_after: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        reset_after: bool = True, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        reset_after: Whether the reset gate acts after the recurrent product or before.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class GRUD(RNN):
    r"""GRU-D, the gated recurrent unit for values that are missing: NaN in the inputs.

    It is `RNN(GRUDCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        m = 1 where x_t is known, 0 where it is NaN
        d = the time since each feature was last known
        k = exp(-max(0, d * w + c)),  q = exp(-max(0, d D + e))
        u = m * x_t + (1 - m) * (k * last + (1 - k) * mean)
        p = q * h_{t-1}
        z = sigmoid(u W_z + p U_z + m V_z + b_z)
        r = sigmoid(u W_r + p U_r + m V_r + b_r)
        g = tanh(u W_h + (r * p) U_h + m V_h + b_h)
        h_t = z * p + (1 - z) * g

    A missing value is taken to be the last one known, which decays towards the mean of the feature,
    and the state fades with the time since values came. Both are learned, and so is what it tells
    that a value is missing. The inputs are `x`, or `[x, t]` with the time of each step; see
    `cello.cells.timed.TimedCell`. Before the first known value of a feature, `last` is its mean, at
    time 0.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[h, last, seen, time]`:
    `(batch, units)`, the last known values and their times `(batch, features)`, and `(batch, 1)`.
    Output `h`. Weights: kernel `W` and mask kernel `V` `(features, 3 * units)`, recurrent kernel
    `U` `(units, 3 * units)`, bias `b` `(3 * units,)`, gates in the order z, r, h; `w` and `c`
    `(features,)`, `D` `(features, units)`, `e` `(units,)`; and the means `(features,)`, which are
    not trained. `w` and `D` start between 0 and 0.1.

    Source: Che et al. 2018, whose z is 1 - z here.
    """
    units: Any
    mean: Any
    def __init__(
        self, units: Integer, mean: ArrayLike | Sequence[float] = 0.0,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        mean: What missing values decay to: the mean of each feature, or of all.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class GatedDeltaNet(RNN):
    r"""Gated DeltaNet: the delta rule in a memory that can also forget all at once.

    It is `RNN(GatedDeltaNetCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        q, k, v, beta, a, g = split(x_t W)
        q, k, v = silu(convolution of [q, k, v] over the last steps)
        q, k = q / |q|, k / |k|
        alpha = exp(-exp(decay) softplus(a + step_bias))
        S_t = alpha S_{t-1} + sigmoid(beta) k (v - alpha S_{t-1}^T k)^T
        y_t = (silu(g) * scale * rms_norm(S_t^T q / sqrt(key_dim))) U

    in each head; convolution, lengths and `rms_norm` are those of `DeltaNetCell`.

    Inputs, states and output are those of `DeltaNetCell`. Weights: kernel `W` `(features, heads *
    (2 * key_dim + 2 * value_dim + 2))`, blocks in the order q, k, v, beta, a, g; convolution,
    `scale` and output kernel as there; `decay` and `step_bias` `(heads,)`, which start, as in the
    authors' code, from logarithms of uniform numbers between 0 and 16, and so that the softplus of
    `step_bias` is spread evenly over the logarithms from 0.001 to 0.1.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Yang, Kautz and Hatamizadeh 2024, Gated Delta Networks: Improving Mamba2 with Delta
    Rule.
    """
    units: Any
    heads: Any
    key_dim: Any
    value_dim: Any
    window: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, window: Integer = 4, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class GaussianNoise(_layers_dropout.GaussianNoise, Layer):
    def __init__(
        self, stddev: Number, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        stddev: Standard deviation, from 0 to 1.
        seed: Seed of the draws.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, training: Any = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None) -> jax.Array: ...

class GlobalAveragePooling1D(_layers_pooling.GlobalAveragePooling1D, Layer):
    def __init__(
        self, data_format: Literal[None, 'channels_last'] = None, keepdims: bool = False, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        data_format: Only "channels_last".
        keepdims: Whether to keep the time axis, with length 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class GlobalAveragePooling2D(_layers_pooling.GlobalAveragePooling2D, Layer):
    def __init__(
        self, data_format: Literal[None, 'channels_last'] = None, keepdims: bool = False, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        data_format: Only "channels_last".
        keepdims: Whether to keep rows and columns, with length 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class GlobalMaxPooling1D(_layers_pooling.GlobalMaxPooling1D, Layer):
    def __init__(
        self, data_format: Literal[None, 'channels_last'] = None, keepdims: bool = False, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        data_format: Only "channels_last".
        keepdims: Whether to keep the time axis, with length 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class GlobalMaxPooling2D(_layers_pooling.GlobalMaxPooling2D, Layer):
    def __init__(
        self, data_format: Literal[None, 'channels_last'] = None, keepdims: bool = False, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        data_format: Only "channels_last".
        keepdims: Whether to keep rows and columns, with length 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Griffin(RNN):
    r"""Griffin's recurrent layer: a short convolution, a recurrence, and a gate.

    It is `RNN(GriffinCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        p, z = split(x_t W)
        u = sum(K * [p_{t-k+1}, ..., p_t]) + c
        y_t = (RGLRU(u) * gelu(z)) V

    The convolution takes `k = window` steps of each channel by itself; steps before the first are
    zeros, and masked steps are passed over. The recurrence is `RGLRUCell`, `inner` wide, where
    `inner = expand * units`, rounded up. `GriffinBlockCell` puts it into a deep network.

    Inputs `(batch, features)`; states `[h, the k - 1 p before]`, `(batch, inner)` and
    `(batch, k - 1, inner)`, or `[h]` with a window of 1; output `y` `(batch, units)`. Weights:
    `input_kernel` `W` `(features, 2 * inner)`, blocks p, z; `convolution_kernel` `K` `(k, inner)`,
    the oldest step first, and `convolution_bias` `c` `(inner,)`; those of the recurrence; and
    `output_kernel` `V` `(inner, units)`. Kernels start from LeCun's initialisation, that of the
    convolution with a fan of `k`.

    Source: De, Smith, Fernando, Botev et al. 2024 (Griffin), without local attention.
    """
    units: Any
    expand: Any
    window: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, expand: Number = 1.3333333333333333, window: Integer = 4,
        kernel_initializer: Named = 'lecun_normal', dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        expand: Width of the recurrence, in `units`.
        window: How many steps the convolution looks at.
        kernel_initializer: Initialiser of the kernels.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class GriffinBlock(RNN):
    r"""A residual block of Griffin: its recurrent layer, then a gated network.

    It is `RNN(GriffinBlockCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        x = x + Griffin(RMSNorm(x))
        y = x + FeedForward(RMSNorm(x))

    `GriffinCell` and `FeedForwardCell` (gated, "gelu") have the equations. Inputs
    `(batch, features)`, where they are not `units` wide times a kernel; output `(batch, units)`;
    states: those of the two, the second of which has none.

    Source: De, Smith, Fernando, Botev et al. 2024 (Griffin): the block of Hawk, whose layers are
    all recurrent.
    """
    units: Any
    expand: Any
    def __init__(
        self, units: Integer, expand: Number = 3, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        expand: Width of the feed-forward network, in `units`.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class GroupQueryAttention(_layers_multi_head.GroupQueryAttention, Layer):
    def __init__(
        self, head_dim: Integer, num_query_heads: Integer, num_key_value_heads: Integer,
        dropout: Number = 0.0, use_bias: bool = True, sliding_window: Integer | None = None,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, use_gate: bool = False, seed: Integer | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        flash_attention: Any = None,
    ) -> None:
        r"""Args:
        head_dim: Size of each head.
        num_query_heads: Number of heads of the query.
        num_key_value_heads: Number of heads of key and value.
        dropout: Fraction of the weights to drop in training.
        use_bias: Whether the projections add a bias.
        sliding_window: How many steps, its own included, a step of the query sees to each side; all if None.
        kernel_initializer: Initialiser of the kernels.
        bias_initializer: Initialiser of the biases.
        kernel_regularizer: Penalty on the kernels.
        bias_regularizer: Penalty on the biases.
        activity_regularizer: Penalty on what is projected.
        kernel_constraint: Constraint on the kernels.
        bias_constraint: Constraint on the biases.
        use_gate: Whether the query gates what the heads found.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, query: SymbolicTree, value: Any, key: Any = None, query_mask: Any = None,
        value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
        return_attention_scores: Any = None, training: Any = None, use_causal_mask: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, query: ArrayTree, value: Any, key: Any = None, query_mask: Any = None,
        value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
        return_attention_scores: Any = None, training: Any = None, use_causal_mask: Any = None,
    ) -> jax.Array: ...

class HGRN(RNN):
    r"""The hierarchically gated recurrent network.

    It is `RNN(HGRNCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        c, m, g = split(x_t W + b)
        c, g = silu(c), silu(g)
        lambda = lower_bound + (1 - lower_bound) * sigmoid(m)
        h_t = lambda exp(i theta) * h_{t-1} + (1 - lambda) * c
        y_t = (g * layer_norm([Re(h_t), Im(h_t)])) V + b_V

    `c` is complex: its real part and its imaginary part have a block of the kernel each. In the
    paper the lower bounds of the layers of a network are learned together, and grow from layer to
    layer: give `lower_bound` 0 to the first layer and more to each one above, so that the upper
    layers keep more.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]` and output `y`, each `(batch, units)`.
    Weights: kernel `W` `(features, 5 * units)`, bias `b` `(5 * units,)`, blocks in the order Re(c),
    Im(c), m and the two of g; `theta` `(units,)`; `scale` and `shift` `(2 * units,)` of the
    normalisation; output kernel `V` `(2 * units, units)`, output bias `b_V` `(units,)`.

    `theta` starts from the frequencies `10000^(-2j / units)`, as in the authors' code.

    Source: Qin, Yang and Zhong 2023, Hierarchically Gated Recurrent Neural Network for Sequence
    Modeling; the normalisation in front of the gate from its code (hgru).
    """
    units: Any
    lower_bound: Any
    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, lower_bound: Number = 0.0, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class IndRNN(RNN):
    r"""The independently recurrent network.

    It is `RNN(IndRNNCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        h_t = relu(x_t W + u * h_{t-1} + b)

    Each unit sees its own state only; units meet in the layer above. A gradient is multiplied by
    `u` at each step, so that it lives as long as `abs(u)` is near 1; over `T` steps it stays
    bounded where `abs(u) <= gamma ** (1 / T)`.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, units)`, recurrent kernel `u` `(units,)`, bias `b` `(units,)`.
    `u` starts between 0 and 1.

    Source: Li, Li, Cook, Zhu and Gao 2018.
    """
    units: Any
    activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'relu', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = ...,
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class IntegerLookup(_layers_lookup.IntegerLookup, Layer):
    def __init__(
        self, max_tokens: Integer | None = None, num_oov_indices: Integer = 1,
        mask_token: Integer | None = None, oov_token: Integer = -1,
        vocabulary: Sequence[Any] | str | None = None,
        vocabulary_dtype: Literal['int64', 'int32'] = 'int64',
        idf_weights: Sequence[float] | None = None, invert: bool = False,
        output_mode: Literal['int', 'one_hot', 'multi_hot', 'count', 'tf_idf'] = 'int',
        pad_to_max_tokens: bool = False, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        salt: Any = None, sparse: Any = None, ragged: Any = None, encoding: Any = None,
        has_input_vocabulary: Any = None, vocabulary_size: Any = None, oov_method: Any = None,
    ) -> None:
        r"""Args:
        max_tokens: Size of the vocabulary at most, all included.
        num_oov_indices: How many indices integers have that are not known.
        mask_token: The integer that is a mask.
        oov_token: What stands for an integer that is not known.
        vocabulary: The tokens, or the name of a file with one a line.
        vocabulary_dtype: As in Keras; "int64".
        idf_weights: For "tf_idf": the weight of each token of `vocabulary`.
        invert: Whether indices become integers.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: Whether outputs have `max_tokens` columns, not one a token.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class LRU(RNN):
    r"""The linear recurrent unit: a complex diagonal recurrence within the unit circle.

    It is `RNN(LRUCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        lambda = exp(-exp(nu) + i exp(theta))
        h_t = lambda * h_{t-1} + exp(gamma) * (x_t B)
        y_t = Re(h_t C) + x_t D

    Whatever training does to `nu`, `|lambda| < 1`: the recurrence is stable.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]`, each `(batch, state_units)`, output `y`
    `(batch, units)`. Weights: `nu`, `theta` and `gamma` `(state_units,)`; input kernel
    `(features, 2 * state_units)`, the real and the imaginary part of `B`; output kernel
    `(2 * state_units, units)`, `Re(C)` above `-Im(C)`; skip kernel `D` `(features, units)`.

    As in the paper, `lambda` starts uniform over the ring between `r_min` and `r_max` with phases
    up to `max_phase`, `exp(gamma)` from `sqrt(1 - |lambda|^2)`, `B` and `C` from normal numbers of
    the variances `1 / (2 features)` and `1 / state_units` in each part. `D` is there a diagonal of
    standard normal numbers; here it is a matrix, as `units` may differ from the features, of
    the variance `1 / features`.

    Source: Orvieto, Smith, Gu, Fernando, Gulcehre, Pascanu and De 2023, Resurrecting Recurrent
    Neural Networks for Long Sequences.
    """
    units: Any
    state_units: Any
    r_min: Any
    r_max: Any
    max_phase: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, state_units: Integer | None = None, r_min: Number = 0.0,
        r_max: Number = 1.0, max_phase: Number = 6.283185307179586, dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        state_units: Size of the complex state; `units` where `None`.
        r_min: Smallest radius that lambda starts from; near 1 for long sequences.
        r_max: Largest radius that lambda starts from.
        max_phase: Largest phase that lambda starts from; small for long sequences.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class LSTM(_layers_recurrent.LSTM, RNN):
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        unit_forget_bias: bool = True, kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class LTC(RNN):
    r"""The liquid time-constant network, for steps at any times.

    It is `RNN(LTCCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        C dv/dt = g (v_leak - v) + sum_j s_j(v_j) (E_j - v) + sum_k s_k(x_k) (E_k - v)
        s_j(v) = w_j sigmoid(sigma_j (v - mu_j))
        y = v * out + out_bias

    Neurons, each with its leak, joined by synapses, each with its weight `w`, threshold `mu`,
    steepness `sigma` and reversal potential `E`: from every neuron to every neuron, and from every
    input, which enters as `x * in + in_bias`. How fast a neuron reacts depends on what it is told.
    The gap since the last step is cut into `ode_unfolds` parts, and in each the fused solver makes
    the semi-implicit step, `dt` long,

        v = (C v / dt + g v_leak + sum s E) / (C / dt + g + sum s)

    The inputs are `x`, or `[x, t]` with the time of each step; see `cello.cells.timed.TimedCell`.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[v, time]`, `(batch, units)`
    and `(batch, 1)`; output `y`, `(batch, units)`. Weights: of the neurons `leak`, `leak_potential`
    and `capacitance` `(units,)`; of the synapses `sigma`, `mu`, `w`, `reversal`, each
    `(units, units)`, and `input_` with these names, `(features, units)`; of the inputs `scale` and
    `shift`, `(features,)`; of the output `output_scale` and `output_shift`, `(units,)`. `leak`,
    `capacitance` and the `w` are kept from being negative. Ranges to start from, and reversal
    potentials of 1 and, a third of them, -1, are those of the authors' package ncps.

    Source: Hasani et al. 2021; the parameters: Lechner et al. 2020.
    """
    units: Any
    ode_unfolds: Any
    def __init__(
        self, units: Integer, ode_unfolds: Integer = 6, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        ode_unfolds: Steps of the solver between two steps.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class LayerNormGRU(RNN):
    r"""The gated recurrent unit with layer normalisation.

    It is `RNN(LayerNormGRUCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        z, r = split(sigmoid(LN(x_t W_zr) + b_zr + LN(h_{t-1} U_zr) + d_zr))
        n = tanh(LN(x_t W_n) + b_n + r * (LN(h_{t-1} U_n) + d_n))
        h_t = z * h_{t-1} + (1 - z) * n
        LN(v) = (v - mean(v)) / sqrt(variance(v) + epsilon) * gain

    Mean and variance are those of one row and step: of the `2 * units` features of both gates, and
    of the `units` of the candidate. `z` multiplies the old state, as in `GRUCell`; in the paper,
    the new one.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U` `(units, 3 * units)`, bias
    `(2, 3 * units)` (`b`, then `d`), the gains of the two products `(3 * units,)`, from 1; gates in
    the order z, r, n.

    Source: Ba, Kiros and Hinton 2016.
    """
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    epsilon: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, epsilon: Number = 1e-05, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        epsilon: Added to the variances.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class LayerNormLSTM(RNN):
    r"""Long short-term memory with layer normalisation.

    It is `RNN(LayerNormLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        i, f, g, o = split(LN(x_t W) + LN(h_{t-1} U) + b)
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(LN(c_t) + b_c)
        LN(v) = (v - mean(v)) / sqrt(variance(v) + epsilon) * gain

    Mean and variance are those of one row and step: of all `4 * units` features of a product, and
    of the `units` of the memory. `b` stands for the sum of the paper's three offsets.

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U` `(units, 4 * units)`, bias `b`
    `(4 * units,)`, gates in the order i, f, c, o; the gains of the two products `(4 * units,)`, and
    gain and bias `b_c` of the memory `(units,)`. Gains start from 1, `b_c` from 0.

    Source: Ba, Kiros and Hinton 2016.
    """
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    epsilon: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        unit_forget_bias: bool = True, kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None, epsilon: Number = 1e-05,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        epsilon: Added to the variances.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class LeakyReLU(_layers_activations.LeakyReLU, Layer):
    def __init__(
        self, negative_slope: Number = 0.3, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        negative_slope: Slope below 0; Keras 2 called it `alpha`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class MGU(RNN):
    r"""The minimal gated unit.

    It is `RNN(MGUCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        f = sigmoid(x_t W_f + h_{t-1} U_f + b_f)
        g = tanh(x_t W_g + (f * h_{t-1}) U_g + b_g)
        h_t = (1 - f) * h_{t-1} + f * g

    The gated recurrent unit with one gate for both, and two thirds of its weights.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 2 * units)`, recurrent kernel `U` `(units, 2 * units)`, bias
    `(2 * units,)`; blocks in the order f, g.

    Source: Zhou, Wu, Zhang and Zhou 2016.
    """
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        zero_output_for_mask: bool = False, *, return_all_states: bool = False,
        initial_state: Literal['zeros', 'learned'] = 'zeros', remat: Integer | bool | None = None,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class MLSTM(RNN):
    r"""The mLSTM, long short-term memory with a matrix as its memory.

    It is `RNN(MLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        q, k, v, o = split(x_t W + b)
        i, f = split(x_t G + c)
        m_t = max(log_f + m_{t-1}, i)    log_f = log(sigmoid(f)), or f with exponential forget gates
        C_t = exp(log_f + m_{t-1} - m_t) C_{t-1} + exp(i - m_t) (k / sqrt(key_dim)) v^T
        n_t = exp(log_f + m_{t-1} - m_t) n_{t-1} + exp(i - m_t) k / sqrt(key_dim)
        h_t = sigmoid(o) * C_t^T q / max(|n_t^T q|, exp(-m_t))

    in each head. `m` only keeps the exponents small: `h` is the same for every `m`.

    Inputs `(batch, features)`; states `[S, m]`, `(batch, heads, key_dim, units / heads + 1)` and
    `(batch, heads)`: `S` is `C` with `n` as one more column; output `h` `(batch, units)`. Weights:
    kernel `W` `(features, heads * 2 * key_dim + 2 * units)`, bias `b`, blocks in the order q, k, v,
    o; gate kernel `G` `(features, 2 * heads)`, gate bias `c`, in the order i, f. As the authors'
    code has it, `W` starts normal, of the variance 0.4 over the number of features; `G` from 0, the
    biases of the input gates normal, of the deviation 0.1, those of the forget gates from 3 to 6,
    evenly over the heads.

    The convolution before the cell, and the normalisation of each head after it, belong to the
    block of the paper, and are not in it.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Beck et al. 2024, xLSTM: Extended Long Short-Term Memory.
    """
    units: Any
    heads: Any
    key_dim: Any
    forget_gate: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        forget_gate: Literal['sigmoid', 'exponential'] = 'sigmoid', kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        key_dim: Size of a key in each head; `units / heads` where `None`.
        forget_gate: What the forget gate applies: "sigmoid" or "exponential".
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Mamba(RNN):
    r"""The mixer of Mamba: a short convolution, a selective recurrence and a gate.

    It is `RNN(MambaCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        p, z = split(x_t W)
        u = silu(sum(K * [p_{t-k+1}, ..., p_t]) + k)
        r, B, C = split(u X)
        d = softplus(r S + s)
        h_t = exp(-d exp(P)) * h_{t-1} + d * u * B       (d, u by channel, B by number of its state)
        y_t = ((sum(C * h_t) + D * u) * silu(z)) V

    Each of the `inner = expand * units` channels of `u` has a state of `state_units` numbers. The
    convolution takes `k = window` steps of each channel by itself; steps before the first are
    zeros, and masked steps are passed over. Block, residual path and normalisation are left to the
    layers around.

    Inputs `(batch, features)`; states `[h, the k - 1 p before]`, `(batch, inner, state_units)` and
    `(batch, k - 1, inner)`, or `[h]` with a window of 1; output `y` `(batch, units)`. Weights:
    `input_kernel` `W` `(features, 2 * inner)`, blocks p, z; `convolution_kernel` `K` `(k, inner)`,
    the oldest step first, and `convolution_bias` `k` `(inner,)`; `selection_kernel` `X`
    `(inner, step_rank + 2 * state_units)`, blocks r, B, C; `step_kernel` `S` `(step_rank, inner)`
    and `step_bias` `s` `(inner,)`; `log_decay` `P` `(inner, state_units)`; `skip` `D` `(inner,)`;
    `output_kernel` `V` `(inner, units)`. With `use_bias`, `input_bias` `(2 * inner,)` and
    `output_bias` `(units,)` are added to the first and to the last product.

    As in the authors' code, `exp(P)` starts from 1, ..., `state_units`, `D` from 1, `s` so that the
    steps `softplus(s)` are log-uniform between `dt_min` and `dt_max` and at least 1e-4, `S` uniform
    up to `step_rank^-1/2`, and the other kernels uniform up to `n^-1/2` for sums of `n` products.
    A sequence goes by segments of 256 steps, as `h` is `state_units * expand` times as large as the
    output.

    Source: Gu and Dao 2023, Mamba: Linear-Time Sequence Modeling with Selective State Spaces.
    """
    units: Any
    state_units: Any
    expand: Any
    window: Any
    step_rank: Any
    use_bias: Any
    dt_min: Any
    dt_max: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, state_units: Integer = 16, expand: Integer = 2, window: Integer = 4,
        step_rank: Integer | None = None, use_bias: bool = False, dt_min: Number = 0.001,
        dt_max: Number = 0.1, dropout: Number = 0.0, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Mamba2(RNN):
    r"""Mamba-2, a selective state space model (SSD).

    It is `RNN(Mamba2Cell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        z, u, B, C, dt = split(x_t W)
        u, B, C = silu(convolution of [u, B, C] over the last steps + b)
        dt = softplus(dt + step_bias)
        S_t = exp(-exp(decay) dt) S_{t-1} + B (dt u)^T
        y_t = (scale * rms_norm(silu(z) * (S_t^T C + D u))) V

    in each head; `B` and `C` are the same for all heads (one group). The convolution has a kernel
    for each channel; steps before the first are zeros, and masked steps are passed over.
    `rms_norm` divides the values of all heads together by the root of their mean square plus 1e-5.

    Inputs `(batch, features)`; states `[S, the window - 1 steps of u, B, C before]`,
    `(batch, heads, state_units, expand * units / heads)` and
    `(batch, window - 1, expand * units + 2 * state_units)`; output `y` `(batch, units)`. Weights:
    kernel `W` `(features, 2 * expand * units + 2 * state_units + heads)`, blocks in the order z, u,
    B, C, dt; convolution `(window, expand * units + 2 * state_units)`, the oldest step first, and
    its bias `b`; `step_bias`, `decay` and `D`, called `skip`, `(heads,)`; `scale`
    `(expand * units,)`; output kernel `V` `(expand * units, units)`.

    As in the authors' code, kernels and convolution start as PyTorch starts them, `decay` from
    logarithms of uniform numbers between 1 and 16, `step_bias` so that its softplus is spread
    evenly over the logarithms from 0.001 to 0.1, `D` and `scale` from 1. There a head has 64
    values; here `heads` says how many there are.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Dao and Gu 2024, Transformers are SSMs: Generalized Models and Efficient Algorithms
    Through Structured State Space Duality.
    """
    units: Any
    heads: Any
    state_units: Any
    expand: Any
    window: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, state_units: Integer = 128, expand: Integer = 2,
        window: Integer = 4, kernel_initializer: Named = ..., dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class MambaBlock(RNN):
    r"""A residual block of Mamba.

    It is `RNN(MambaBlockCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        y = x + Mamba(RMSNorm(x))

    `MambaCell` has the equations. Inputs `(batch, features)`, where they are not `units` wide
    times a kernel; output `(batch, units)`; states: those of `MambaCell`.

    Source: Gu and Dao 2023, Mamba: Linear-Time Sequence Modeling with Selective State Spaces.
    """
    units: Any
    state_units: Any
    def __init__(
        self, units: Integer, state_units: Integer = 16, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        state_units: Size of the state of a channel.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class MinGRU(RNN):
    r"""The minimal gated recurrent unit, whose gate looks at the inputs alone.

    It is `RNN(MinGRUCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        z, c = split(x_t W + b)
        h_t = (1 - sigmoid(z)) * h_{t-1} + sigmoid(z) * g(c)
        g(c) = c + 0.5 where c >= 0, else sigmoid(c)

    With `positive=False` the candidate is `c` in place of `g(c)`. `g` is what the paper's log-space
    form needs, as its sums over time are sums of logarithms; here the factors, between 0 and 1, are
    never divided by, and neither form overflows or loses digits.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 2 * units)`, bias `b` `(2 * units,)`; blocks in the order z, c. The paper names
    no initialisation.

    Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, Were RNNs All We Needed?
    """
    units: Any
    positive: Any
    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, positive: bool = True, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class MinLSTM(RNN):
    r"""Minimal long short-term memory, whose gates look at the inputs alone.

    It is `RNN(MinLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        f, i, c = split(x_t W + b)
        f', i' = sigmoid(f) / (sigmoid(f) + sigmoid(i)), sigmoid(i) / (sigmoid(f) + sigmoid(i))
        h_t = f' * h_{t-1} + i' * g(c)

    with `g` and `positive` of `MinGRUCell`. `f'` is computed as
    `sigmoid(log sigmoid(f) - log sigmoid(i))`, which is exact where both gates are all but closed.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 3 * units)`, bias `b` `(3 * units,)`; blocks in the order f, i, c. The paper
    names no initialisation.

    Source: Feng, Tung, Ahmed, Bengio and Hajimirsadeghi 2024, Were RNNs All We Needed?
    """
    units: Any
    positive: Any
    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, positive: bool = True, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class MultiHeadAttention(_layers_multi_head.MultiHeadAttention, Layer):
    def __init__(
        self, num_heads: Integer, key_dim: Integer, value_dim: Integer | None = None,
        dropout: Number = 0.0, use_bias: bool = True,
        output_shape: Integer | Sequence[int | None] | None = None,
        attention_axes: Integer | Sequence[int] | None = None,
        sliding_window: Integer | None = None, kernel_initializer: Named = 'glorot_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, use_gate: bool = False,
        seed: Integer | None = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        flash_attention: Any = None,
    ) -> None:
        r"""Args:
        num_heads: Number of heads.
        key_dim: Size of query and key in each head.
        value_dim: Size of the value in each head; `key_dim` where `None`.
        dropout: Fraction of the weights to drop in training.
        use_bias: Whether the projections add a bias.
        output_shape: Sizes of the output at each step; those of the query where `None`.
        attention_axes: Axes along which the query looks; all where `None`.
        sliding_window: How many steps, its own included, a step of the query sees to each side; all if None.
        kernel_initializer: Initialiser of the kernels.
        bias_initializer: Initialiser of the biases.
        kernel_regularizer: Penalty on the kernels.
        bias_regularizer: Penalty on the biases.
        activity_regularizer: Penalty on what is projected.
        kernel_constraint: Constraint on the kernels.
        bias_constraint: Constraint on the biases.
        use_gate: Whether the query gates what the heads found.
        seed: Seed of the dropout.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, query: SymbolicTree, value: Any, key: Any = None, query_mask: Any = None,
        value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
        return_attention_scores: Any = None, training: Any = None, use_causal_mask: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, query: ArrayTree, value: Any, key: Any = None, query_mask: Any = None,
        value_mask: Any = None, key_mask: Any = None, attention_mask: Any = None,
        return_attention_scores: Any = None, training: Any = None, use_causal_mask: Any = None,
    ) -> jax.Array: ...

class Multiply(_layers_merging.Multiply, Layer):
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
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class ODERNN(RNN):
    r"""An ODE-RNN: a differential equation between the steps, and a GRU at each.

    It is `RNN(ODERNNCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        dh/dt = tanh(h W_1 + b_1) W_2 + b_2       from h_{t-1}, over the gap since the last step: p
        z = sigmoid(x_t W_z + p U_z + b_z)
        r = sigmoid(x_t W_r + p U_r + b_r)
        g = tanh(x_t W_h + (r * p) U_h + b_h)
        h_t = z * p + (1 - z) * g

    The inputs are `x`, or `[x, t]` with the time of each step; see `cello.cells.timed.TimedCell`.
    A solver of diffrax takes `ode_steps` equal steps over each gap, whatever its length.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[h, time]`, `(batch, units)`
    and `(batch, 1)`; output `h`. Weights: kernel `W` `(features, 3 * units)`, recurrent kernel `U`
    `(units, 3 * units)`, bias `b` `(3 * units,)`, gates in the order z, r, h; `W_1`
    `(units, field_units)`, `b_1`, `W_2` `(field_units, units)`, `b_2`.

    Raises:
        ImportError: where diffrax is not installed.

    Source: Rubanova, Chen and Duvenaud 2019; the solvers: Kidger 2021.
    """
    units: Any
    field_units: Any
    solver: Any
    ode_steps: Any
    def __init__(
        self, units: Integer, field_units: Integer = 64,
        solver: Literal['euler', 'heun', 'bosh3', 'tsit5'] = 'tsit5', ode_steps: Integer = 4,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the state and of the output.
        field_units: Size of the hidden layer of the equation.
        solver: "euler", "heun", "bosh3" or "tsit5": of order 1, 2, 3 and 5.
        ode_steps: Steps of the solver between two steps.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class PReLU(_layers_activations.PReLU, Layer):
    def __init__(
        self, alpha_initializer: Named = 'zeros', alpha_regularizer: Named = None,
        alpha_constraint: Named = None, shared_axes: Integer | Sequence[int] | None = None, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        alpha_initializer: Initialiser of `alpha`.
        alpha_regularizer: Penalty on `alpha`.
        alpha_constraint: Constraint on `alpha`.
        shared_axes: Axes along which there is one `alpha`: `[1]` for one at all steps of a sequence.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class PeepholeLSTM(RNN):
    r"""Long short-term memory whose gates see the memory, through peepholes.

    It is `RNN(PeepholeLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        i, f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f + p_f * c_{t-1}) * c_{t-1} + sigmoid(i + p_i * c_{t-1}) * tanh(g)
        h_t = sigmoid(o + p_o * c_t) * tanh(c_t)

    It learns precise intervals of time, which the gates of `LSTMCell` see only as far as the output
    gate is open.

    Inputs `(batch, features)`, states `[h, c]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U` `(units, 4 * units)`, bias `b`
    `(4 * units,)`, gates in the order i, f, c, o; peepholes `p` `(3, units)` in the order i, f, o.
    Weights start between -0.1 and 0.1.

    Source: Gers and Schmidhuber 2000; Gers, Schraudolph and Schmidhuber 2002.
    """
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    peephole_initializer: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = ..., recurrent_initializer: Named = ...,
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, peephole_initializer: Named = ...,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        peephole_initializer: Initialiser of the peepholes.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ProjectedLSTM(RNN):
    r"""Long short-term memory with a recurrent projection.

    It is `RNN(ProjectedLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        i, f, g, o = split(x_t W + h_{t-1} U + b)
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = (sigmoid(o) * tanh(c_t)) P

    The memory `c` is `units` wide; what goes on, to the next step and out, is `projection` wide, so
    that `U` is smaller than that of an LSTM with as much memory.

    Inputs `(batch, features)`, states `[h, c]`, `(batch, projection)` and `(batch, units)`; output
    `h`. Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U`
    `(projection, 4 * units)`, bias `b` `(4 * units,)`, projection kernel `P`
    `(units, projection)`; gates in the order i, f, c, o. It is what PyTorch calls
    `LSTM(proj_size=...)`.

    Source: Sak, Senior and Beaufays 2014, without peepholes.
    """
    units: Any
    projection: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    projection_initializer: Any
    def __init__(
        self, units: Integer, projection: Integer | None = None, activation: Named = 'tanh',
        recurrent_activation: Named = 'sigmoid', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', unit_forget_bias: bool = True,
        kernel_regularizer: Named = None, recurrent_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, recurrent_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, recurrent_dropout: Number = 0.0,
        seed: Integer | None = None, projection_initializer: Named = 'glorot_uniform',
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        projection_initializer: Initialiser of the projection kernel.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class QRNN(RNN):
    r"""The quasi-recurrent network: gates by a convolution, then fo-pooling.

    It is `RNN(QRNNCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        z, f, o = split([x_{t-k+1}, ..., x_t] W + b)
        c_t = sigmoid(f) * c_{t-1} + (1 - sigmoid(f)) * tanh(z)
        h_t = sigmoid(o) * c_t

    The convolution looks at `window` = `k` steps up to this one; steps before the first are zeros,
    and masked steps are passed over.

    Inputs `(batch, features)`; states `[c, the k - 1 inputs before]`, `(batch, units)` and
    `(batch, k - 1, features)`, or `[c]` with a window of 1; output `h` `(batch, units)`. Weights:
    kernel `W` `(k * features, 3 * units)`, the oldest step first and blocks in the order z, f, o;
    bias `b` `(3 * units,)`. The paper names no initialisation.

    Source: Bradbury, Merity, Xiong and Socher 2016, Quasi-Recurrent Neural Networks.
    """
    units: Any
    window: Any
    activation: Any
    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, window: Integer = 2, activation: Named = 'tanh',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class RGLRU(RNN):
    r"""The real-gated linear recurrent unit, of the models Hawk and Griffin.

    It is `RNN(RGLRUCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        r, i = split(sigmoid(x_t W + b))
        a_t = sigmoid(L)^(8 r)
        h_t = a_t * h_{t-1} + sqrt(1 - a_t^2) * (i * x_t)

    Where the inputs are not `units` wide, `x_t V` is taken in place of the last `x_t`; in the paper
    a linear layer in front of the unit makes them so. `log a_t = -8 r softplus(-L)` is what is
    computed, and `1 - a_t^2` from it by `expm1`.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 2 * units)`, bias `b` `(2 * units,)`, blocks in the order r, i; `L` `(units,)`,
    called `decay`; where `features` is not `units`, input kernel `V` `(features, units)`.

    As in the paper the kernels start from LeCun's initialisation, and `L` so that `sigmoid(L)^8` is
    uniform between 0.9 and 0.999.

    Source: De, Smith, Fernando, Botev et al. 2024, Griffin: Mixing Gated Linear Recurrences with
    Local Attention for Efficient Language Models.
    """
    units: Any
    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, use_bias: bool = True, kernel_initializer: Named = 'lecun_normal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class RMSNormalization(_layers_normalization.RMSNormalization, Layer):
    def __init__(
        self, axis: Integer | Sequence[int] = -1, epsilon: Number = 1e-06, *,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axis: Axis, or axes, of the features.
        epsilon: Added to the mean of the squares.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class RWKV7(RNN):
    r"""The time mixing of RWKV-7 ("Goose").

    It is `RNN(RWKV7Cell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        x^j = x_t + mix^j * (x_{t-1} - x_t)                  for j in r, w, k, v, a, g
        r, k, v = x^r R, x^k K, x^v V
        log_w = -exp(-1/2) sigmoid(tanh(x^w A_w) B_w + w_0)
        a = sigmoid(x^a A_a B_a + a_0)
        g = sigmoid(x^g A_g) B_g
        e = k * erase / |k * erase|
        k = k * (1 + (a - 1) * replace)
        S_t = w * S_{t-1} - (a * e) (S_{t-1}^T e)^T + k v^T
        y_t = (g * (scale * group_norm(S_t^T r) + shift + (sum of r * k * bonus) v)) O

    in each head. `group_norm` takes from the values of each head their mean, and divides them by
    the root of their variance plus 64e-5; lengths are roots of the sum of squares plus 1e-6. A
    masked step is passed over: the step before is then the last real one.

    In the network, the layers above the first mix the first one's values into their own. A cell
    does not see those of another layer, and that is left out.

    Inputs `(batch, features)`; states `[S, the inputs before]`, `(batch, heads, n, n)` with `n =
    units / heads`, and `(batch, 1, features)`; output `y` `(batch, units)`. Weights: `mix`
    `(6, features)`, in the order above; kernels `R`, `K`, `V` `(features, units)`; `A_w`, `A_a`,
    `A_g` `(features, rank)` and `B_w`, `B_a`, `B_g` `(rank, units)`, called down and up kernels;
    `w_0`, `a_0`, `erase`, `replace`, `bonus`, `scale`, `shift` `(units,)`; output kernel `O`
    `(units, units)`.

    They start as in the authors' code for a network of one layer, but for the output kernel: theirs
    is zero, so that what is around the layer passes by it unchanged; this one starts as `R` does.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Peng et al. 2025, RWKV-7 "Goose" with Expressive Dynamic State Evolution; the
    initialisation from its code (RWKV-LM).
    """
    units: Any
    heads: Any
    rank: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, rank: Integer | None = None,
        kernel_initializer: Named = ..., dropout: Number = 0.0, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        heads: Number of heads; it divides `units`.
        rank: Rank of the kernels of w, a and g; where `None`, as in the authors' code: a multiple of 32 near to `1.8 sqrt(units)`, and for g to `0.6 units^0.8`.
        kernel_initializer: Initialiser of the kernel.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class RWKVBlock(RNN):
    r"""A residual block of RWKV-7: time mixing, then channel mixing.

    It is `RNN(RWKVBlockCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        x = x + TimeMixing(LayerNorm(x))
        y = x + ChannelMixing(LayerNorm(x))

    `RWKV7Cell` and `TokenShiftFeedForwardCell` have the equations. Inputs `(batch, features)`,
    where they are not `units` wide times a kernel; output `(batch, units)`; states: those of the
    two.

    Source: Peng et al. 2025, RWKV-7 "Goose" with Expressive Dynamic State Evolution.
    """
    units: Any
    heads: Any
    expand: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, expand: Number = 4,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        heads: Number of heads; it divides `units`.
        expand: Width of the channel mixing, in `units`.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ReLU(_layers_activations.ReLU, Layer):
    def __init__(
        self, max_value: Number | None = None, negative_slope: Number = 0.0,
        threshold: Number = 0.0, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        max_value: The largest output, if there is one.
        negative_slope: Slope below the threshold.
        threshold: From where on the output is the input.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class RetNet(RNN):
    r"""Multi-scale retention, of RetNet: a fixed decay for each head.

    It is `RNN(RetNetCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        q, k, v, g = split(x_t W)
        S_t = gamma S_{t-1} + R_t(k / sqrt(key_dim)) v^T
        y_t = (silu(g) * rms_norm(S_t^T R_t(q))) U

    in each head, where head `h` of 0, 1, ... has `gamma = 1 - 2^(-5 - h)`. `R_t` turns the numbers
    of a key, two by two, by `t` times the angles `10000^-p`, where `p` goes from 0 to 1: so what
    is found depends on how long ago it was. The last number of an odd key is not turned.
    `rms_norm` divides the values of each head by the root of their mean square plus 1e-6; as in
    the authors' code, it does not subtract the mean.

    Inputs `(batch, features)`; states `[S, t]`, `(batch, heads, key_dim, value_dim)` and
    `(batch, 1)`, or `[S]` without rotation; output `y` `(batch, units)`. Weights: kernel `W`
    `(features, heads * (2 * key_dim + 2 * value_dim))`, blocks in the order q, k, v, g, in each the
    heads side by side; output kernel `U` `(heads * value_dim, units)`. They start uniform, of the
    variance `1 / 32` and `1 / 4` over the number of rows, as in the authors' code for square
    kernels.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Sun et al. 2023, Retentive Network: A Successor to Transformer for Large Language
    Models; the initialisation from its code (torchscale).
    """
    units: Any
    heads: Any
    key_dim: Any
    value_dim: Any
    rotation: Any
    kernel_initializer: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, key_dim: Integer | None = None,
        value_dim: Integer | None = None, rotation: bool = True, kernel_initializer: Named = ...,
        dropout: Number = 0.0, seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class S4D(RNN):
    r"""The diagonal state space model: many small oscillators for each channel.

    It is `RNN(S4DCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        u = x_t V                                        (x_t itself where it is `units` wide)
        A = -exp(P) + i F,  d = exp(s)
        zero-order hold:  a = exp(d A),                  b = (a - 1) / A
        bilinear:         a = (1 + d A / 2) / (1 - d A / 2),  b = d / (1 - d A / 2)
        h_t = a * h_{t-1} + b * u                        for each channel by itself
        v = 2 Re(sum(C * h_t)) + D * u
        y_t = glu(gelu(v) W + w),  glu([p, q]) = p * sigmoid(q)

    Each channel of `u` has a state of its own; channels mix in `V` before and in `W` behind, and
    nowhere else. `V` is in the paper the linear layer in front of the first block, and the last
    line what its authors' code puts behind each of these models. The `state_units / 2` complex
    numbers of a channel stand for themselves and their conjugates, hence `2 Re`.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]`, each `(batch, units, state_units / 2)`,
    output `y` `(batch, units)`. Weights: `log_step` `s` `(units,)`; `log_decay` `P` and
    `frequency` `F` `(units, state_units / 2)`; `readout_weights`, `Re(C)` and then `Im(C)`,
    `(2, units, state_units / 2)`; `skip` `D` `(units,)`; output kernel `W` `(units, 2 * units)` and
    output bias `w` `(2 * units,)`; where `features` is not `units`, input kernel `V`
    `(features, units)`.

    `A` starts, for n from 0, from `-1/2 + i pi n` ("lin"), `-1/2 + i N / pi (N / (2n + 1) - 1)`
    with `N = state_units` ("inv"), or `-(n + 1)` ("real", where only the start is real); the step
    `d` log-uniform between `dt_min` and `dt_max`; `C` and `D` from normal numbers of variance 1.
    A sequence without a mask goes by chunks of 32 steps: what a step adds to the outputs of its own
    chunk depends only on how long ago it was, and the state goes from chunk to chunk. With a mask,
    or where all states are wanted, every `h` is computed, by segments of 256 steps, as it is
    `state_units` times as large as the output.

    Source: Gu, Gupta, Goel and Re 2022, On the Parameterization and Initialization of Diagonal
    State Space Models.
    """
    units: Any
    state_units: Any
    dt_min: Any
    dt_max: Any
    start: Any
    discretization: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, state_units: Integer = 64, dt_min: Number = 0.001,
        dt_max: Number = 0.1, start: Literal['lin', 'inv', 'real'] = 'lin',
        discretization: Literal['zoh', 'bilinear'] = 'zoh', dropout: Number = 0.0,
        seed: Integer | None = None, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class S5(RNN):
    r"""The simplified state space layer: one system of many inputs and outputs.

    It is `RNN(S5Cell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        A = -exp(P) + i F,  d = exp(s)
        a = exp(d A)
        h_t = a * h_{t-1} + (a - 1) / A * (x_t B)
        y_t = 2 Re(h_t C) + x_t D

    That is the zero-order hold of `h' = A h + B x`. Inputs mix in `B`, outputs in `C` and `D`. The
    `state_units / 2` complex numbers of the state stand for themselves and their conjugates, hence
    `2 Re`. What the paper puts behind, a nonlinearity with a gate, is left to the layers around.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]`, each `(batch, state_units / 2)`, output `y`
    `(batch, units)`. Weights: `log_step` `s`, `log_decay` `P` and `frequency` `F`
    `(state_units / 2,)`; input kernel `(features, state_units)`, the real and the imaginary part of
    `B`; output kernel `(state_units, units)`, `Re(C)` above `-Im(C)`; skip kernel `D`
    `(features, units)`.

    As in the paper, the system starts as the normal part of the HiPPO-LegS matrix, with real input
    and output matrices of LeCun's normal numbers, all written in the basis of its eigenvectors,
    which make it diagonal; and the steps log-uniform between `dt_min` and `dt_max`. The paper
    learns `-exp(P)` itself, which training may make positive; its `D` is a diagonal, and a matrix
    here, as `units` may differ from the features.

    Source: Smith, Warrington and Linderman 2023, Simplified State Space Layers for Sequence
    Modeling.
    """
    units: Any
    state_units: Any
    dt_min: Any
    dt_max: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, state_units: Integer | None = None, dt_min: Number = 0.001,
        dt_max: Number = 0.1, dropout: Number = 0.0, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output.
        state_units: Size of the state, conjugates counted; `units`, or one more to be even, where `None`.
        dt_min: Smallest step to start from.
        dt_max: Largest step to start from.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        seed: Seed of the dropout.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class SLSTM(RNN):
    r"""The sLSTM, long short-term memory with exponential gates and a normaliser.

    It is `RNN(SLSTMCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        i, f, z, o = split(x_t W + h_{t-1} U + b)
        m_t = max(log_f + m_{t-1}, i)    log_f = log(sigmoid(f)), or f with exponential forget gates
        c_t = exp(log_f + m_{t-1} - m_t) * c_{t-1} + exp(i - m_t) * tanh(z)
        n_t = exp(log_f + m_{t-1} - m_t) * n_{t-1} + exp(i - m_t)
        h_t = sigmoid(o) * c_t / n_t

    `m` only keeps the exponents small: `h` is the same for every `m`. Where `n` is 0, nothing has
    been taken in yet, and `m_t = i`. With `heads`, `U` is block-diagonal: the units of one head see
    the states of that head.

    Inputs `(batch, features)`, states `[h, c, n, m]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 4 * units)`, recurrent kernel `U`
    `(heads, units / heads, 4 * units / heads)`, bias `b` `(4 * units,)`; gates in the order i, f,
    z, o. As the authors' code has it, `U` starts from 0, and the bias of the forget gate, in each
    head, from 5 down to -7, `5 - 12 * p ** 0.3` where `p` goes from 0 to 1.

    The convolution before the cell and the normalisation of each head after it belong to the block
    of the paper, and are not in it.

    Raises:
        ValueError: where `heads` do not divide `units`.

    Source: Beck et al. 2024, xLSTM: Extended Long Short-Term Memory.
    """
    units: Any
    heads: Any
    activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    forget_gate: Any
    power_law_forget_bias: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, activation: Named = 'tanh', use_bias: bool = True,
        kernel_initializer: Named = ..., recurrent_initializer: Named = 'zeros',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        forget_gate: Literal['sigmoid', 'exponential'] = 'sigmoid',
        power_law_forget_bias: bool = True, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        forget_gate: What the forget gate applies: "sigmoid" or "exponential".
        power_law_forget_bias: Whether the biases of the forget gates start spread over short and long memories.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class SRU(RNN):
    r"""The simple recurrent unit: a light recurrence and a highway around it.

    It is `RNN(SRUCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        c, f, r = split(x_t W + b)
        f, r = sigmoid(f), sigmoid(r)
        c_t = f * c_{t-1} + (1 - f) * c
        h_t = r * c_t + (1 - r) * alpha * x_t

    Where the inputs are not `units` wide, `x_t V` is taken in place of the last `x_t`. With
    `highway=False` the output is `c_t`, and there is no `r`. The gates look at the inputs alone, as
    in the paper's first version; the terms `v * c_{t-1}` that the last version adds in the gates
    make the recurrence one that cannot be computed in parallel over time.

    Inputs `(batch, features)`, states `[c]` and output `h`, each `(batch, units)`. Weights: kernel
    `W` `(features, 3 * units)`, blocks in the order c, f, r; bias `b` `(2 * units,)` of f and r;
    where `features` is not `units`, input kernel `V` `(features, units)`.

    As in the paper the kernels start uniform with the variance `1 / features`, the bias of f from
    zero, that of r from `highway_bias`, and `alpha` is `sqrt(1 + 2 exp(highway_bias))`, with which
    the variance of the outputs is that of the inputs.

    Source: Lei, Zhang, Wang, Dai and Artzi 2018, Simple Recurrent Units for Highly Parallelizable
    Recurrence.
    """
    units: Any
    highway: Any
    highway_bias: Any
    use_bias: Any
    kernel_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    bias_constraint: Any
    dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, highway: bool = True, highway_bias: Number = 0.0,
        use_bias: bool = True, kernel_initializer: Named = 'lecun_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, dropout: Number = 0.0, seed: Integer | None = None,
        activity_regularizer: Named = None, return_sequences: bool = False,
        return_state: bool = False, go_backwards: bool = False, stateful: bool = False,
        unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class SimpleRNN(_layers_recurrent.SimpleRNN, RNN):
    units: Any
    activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', recurrent_initializer: Named = 'orthogonal',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, return_sequences: bool = False, return_state: bool = False,
        go_backwards: bool = False, stateful: bool = False, unroll: bool = False,
        seed: Integer | None = None, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        seed: Seed of the dropout.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class Subtract(_layers_merging.Subtract, Layer):
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
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class TimeDistributed(_layers_time_distributed.TimeDistributed, Wrapper):
    def __init__(
        self, layer: Layer, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        layer: The layer.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, training: Any = None, mask: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None, mask: Any = None) -> jax.Array: ...

class UGRNN(RNN):
    r"""The update gate recurrent network.

    It is `RNN(UGRNNCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        g = sigmoid(x_t W_g + h_{t-1} U_g + b_g)
        c = tanh(x_t W_c + h_{t-1} U_c + b_c)
        h_t = g * h_{t-1} + (1 - g) * c

    The simple recurrent network with an update gate: the fewest gates that keep a state for long.

    Inputs `(batch, features)`, states `[h]` and output `h`, each `(batch, units)`.
    Weights: kernel `W` `(features, 2 * units)`, recurrent kernel `U` `(units, 2 * units)`, bias
    `(2 * units,)`; blocks in the order g, c.

    Source: Collins, Sohl-Dickstein and Sussillo 2017.
    """
    units: Any
    activation: Any
    recurrent_activation: Any
    use_bias: Any
    kernel_initializer: Any
    recurrent_initializer: Any
    bias_initializer: Any
    unit_forget_bias: Any
    kernel_regularizer: Any
    recurrent_regularizer: Any
    bias_regularizer: Any
    kernel_constraint: Any
    recurrent_constraint: Any
    bias_constraint: Any
    dropout: Any
    recurrent_dropout: Any
    seed: Any
    def __init__(
        self, units: Integer, activation: Named = 'tanh', recurrent_activation: Named = 'sigmoid',
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        recurrent_initializer: Named = 'orthogonal', bias_initializer: Named = 'zeros',
        unit_forget_bias: bool = True, kernel_regularizer: Named = None,
        recurrent_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        recurrent_constraint: Named = None, bias_constraint: Named = None, dropout: Number = 0.0,
        recurrent_dropout: Number = 0.0, seed: Integer | None = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
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
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the input weights.
        recurrent_constraint: Constraint on the recurrent weights.
        bias_constraint: Constraint on the bias.
        dropout: Fraction of the inputs to drop in training, one draw a sequence.
        recurrent_dropout: Fraction of the state to drop in training where it meets the recurrent weights, one draw a sequence.
        seed: Seed of the dropout.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class UnitNormalization(_layers_normalization.UnitNormalization, Layer):
    def __init__(
        self, axis: Integer | Sequence[int] = -1, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axis: Axis, or axes, along which the length becomes 1.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class XLSTMBlock(RNN):
    r"""A residual block of xLSTM: a memory with exponential gates, then a gated network.

    It is `RNN(XLSTMBlockCell(units, ...))`: see `RNN` for calls. Inputs have time as their second axis; of one step:

        x = x + Memory(RMSNorm(x))
        y = x + FeedForward(RMSNorm(x))

    `MLSTMCell` (a matrix as memory) or `SLSTMCell` (scalars), and `FeedForwardCell` (gated, "silu")
    have the equations. Inputs `(batch, features)`, where they are not `units` wide times a kernel;
    output `(batch, units)`; states: those of the two, the second of which has none.

    Source: Beck et al. 2025, xLSTM 7B, whose blocks are these with a matrix; Beck et al. 2024,
    xLSTM: Extended Long Short-Term Memory, for the memories.
    """
    units: Any
    heads: Any
    memory: Any
    expand: Any
    def __init__(
        self, units: Integer, heads: Integer = 1, memory: Literal['matrix', 'scalar'] = 'matrix',
        expand: Number = 2.6666666666666665, activity_regularizer: Named = None,
        return_sequences: bool = False, return_state: bool = False, go_backwards: bool = False,
        stateful: bool = False, unroll: bool = False, zero_output_for_mask: bool = False, *,
        return_all_states: bool = False, initial_state: Literal['zeros', 'learned'] = 'zeros',
        remat: Integer | bool | None = None, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        use_cudnn: Any = None, implementation: Any = None, time_major: Any = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        heads: Number of heads; it divides `units`.
        memory: "matrix" or "scalar".
        expand: Width of the feed-forward network, in `units`.
        activity_regularizer: Penalty on the output.
        return_sequences: Whether to return the outputs of all steps or of the last.
        return_state: Whether to return the last states as well.
        go_backwards: Whether to run from the last step to the first; outputs come in that order.
        stateful: Whether each call starts from the states in which the last one ended.
        unroll: Whether to write out the steps in place of a loop.
        zero_output_for_mask: Whether masked steps give zeros, in place of the output before.
        return_all_states: Whether to return the states after every step `(batch, time, units)` as well.
        initial_state: What a sequence starts from where no state is given: "zeros", or "learned" weights.
        remat: Steps of a segment that training computes twice to save memory; `True`: the root of the number of steps.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """

class ZeroPadding1D(_layers_reshaping.ZeroPadding1D, Layer):
    def __init__(
        self, padding: Integer | Sequence[int] = 1,
        data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        padding: Steps at each end, or `(at the start, at the end)`.
        data_format: Only "channels_last".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

from cello.cells import AttentionCell as AttentionCell
class AveragePooling1D(_layers_pooling.AveragePooling1D, Layer):
    def __init__(
        self, pool_size: Integer | Sequence[int], strides: Integer | Sequence[int] | None = None,
        padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        pool_size: Length of the window.
        strides: Steps from window to window; `pool_size` if `None`.
        padding: "valid" (whole windows only) or "same".
        data_format: Only "channels_last".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class BatchNormalization(_layers_normalization.BatchNormalization, Layer):
    def __init__(
        self, axis: Integer = -1, momentum: Number = 0.99, epsilon: Number = 0.001,
        center: bool = True, scale: bool = True, beta_initializer: Named = 'zeros',
        gamma_initializer: Named = 'ones', moving_mean_initializer: Named = 'zeros',
        moving_variance_initializer: Named = 'ones', beta_regularizer: Named = None,
        gamma_regularizer: Named = None, beta_constraint: Named = None,
        gamma_constraint: Named = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        fused: Any = None, renorm: Any = None, renorm_clipping: Any = None,
        renorm_momentum: Any = None, synchronized: Any = None, virtual_batch_size: Any = None,
    ) -> None:
        r"""Args:
        axis: Axis of the features.
        momentum: Inertia of the moving averages.
        epsilon: Added to the variance.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        beta_initializer: Initialiser of `beta`.
        gamma_initializer: Initialiser of `gamma`.
        moving_mean_initializer: Initialiser of `moving_mean`.
        moving_variance_initializer: Initialiser of `moving_variance`.
        beta_regularizer: Penalty on `beta`.
        gamma_regularizer: Penalty on `gamma`.
        beta_constraint: Constraint on `beta`.
        gamma_constraint: Constraint on `gamma`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, training: Any = None, mask: Any = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None, mask: Any = None) -> jax.Array: ...

class Conv1DTranspose(_layers_convolution.Conv1DTranspose, Layer):
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int],
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same'] = 'valid',
        output_padding: Integer | Sequence[int] | None = None,
        data_format: Literal[None, 'channels_last'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = None, use_bias: bool = True,
        kernel_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        kernel_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, kernel_constraint: Named = None,
        bias_constraint: Named = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        filters: Number of output features.
        kernel_size: Length of the window.
        strides: Steps of the output from window to window.
        padding: "valid" or "same".
        output_padding: Steps to add at the end; less than `strides`.
        data_format: Only "channels_last": `(batch, time, features)`.
        dilation_rate: Steps from tap to tap within the window.
        activation: Function of the sum; none where `None`.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class GaussianDropout(_layers_dropout.GaussianDropout, Layer):
    def __init__(
        self, rate: Number, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        rate: As of `Dropout`, whose variance it has; less than 1.
        seed: Seed of the draws.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, training: Any = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None) -> jax.Array: ...

class GroupNormalization(_layers_normalization.GroupNormalization, Layer):
    def __init__(
        self, groups: Integer = 32, axis: Integer = -1, epsilon: Number = 0.001,
        center: bool = True, scale: bool = True, beta_initializer: Named = 'zeros',
        gamma_initializer: Named = 'ones', beta_regularizer: Named = None,
        gamma_regularizer: Named = None, beta_constraint: Named = None,
        gamma_constraint: Named = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        groups: Number of groups; -1 for one of each feature.
        axis: Axis of the features.
        epsilon: Added to the variance.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        beta_initializer: Initialiser of `beta`.
        gamma_initializer: Initialiser of `gamma`.
        beta_regularizer: Penalty on `beta`.
        gamma_regularizer: Penalty on `gamma`.
        beta_constraint: Constraint on `beta`.
        gamma_constraint: Constraint on `gamma`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class LayerNormalization(_layers_normalization.LayerNormalization, Layer):
    def __init__(
        self, axis: Integer | Sequence[int] = -1, epsilon: Number = 0.001, center: bool = True,
        scale: bool = True, beta_initializer: Named = 'zeros', gamma_initializer: Named = 'ones',
        beta_regularizer: Named = None, gamma_regularizer: Named = None,
        beta_constraint: Named = None, gamma_constraint: Named = None, *, rms_scaling: bool = False,
        name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        axis: Axis, or axes, of the features.
        epsilon: Added to the variance.
        center: Whether to add `beta`.
        scale: Whether to multiply by `gamma`.
        beta_initializer: Initialiser of `beta`.
        gamma_initializer: Initialiser of `gamma`.
        beta_regularizer: Penalty on `beta`.
        gamma_regularizer: Penalty on `gamma`.
        beta_constraint: Constraint on `beta`.
        gamma_constraint: Constraint on `gamma`.
        rms_scaling: `x * gamma / sqrt(variance + epsilon)`, as in Keras 2; see `RMSNormalization`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class MaxPooling1D(_layers_pooling.MaxPooling1D, Layer):
    def __init__(
        self, pool_size: Integer | Sequence[int] = 2,
        strides: Integer | Sequence[int] | None = None, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        pool_size: Length of the window.
        strides: Steps from window to window; `pool_size` if `None`.
        padding: "valid" (whole windows only) or "same".
        data_format: Only "channels_last".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Maximum(_layers_merging.Maximum, Layer):
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
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class Minimum(_layers_merging.Minimum, Layer):
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
        self, inputs: SymbolicTree, mask: Any = None, *, training: bool | None = None,
    ) -> SymbolicTensor: ...
    @overload
    def __call__(
        self, inputs: ArrayTree, mask: Any = None, *, training: bool | None = None,
    ) -> jax.Array: ...

class SpatialDropout1D(_layers_dropout.SpatialDropout1D, Layer):
    def __init__(
        self, rate: Number, seed: Integer | None = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        rate: Fraction to drop.
        seed: Seed of the draws.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, training: Any = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None) -> jax.Array: ...

from cello.cells import StackedRNNCells as StackedRNNCells
class StringLookup(_layers_lookup.StringLookup, Layer):
    def __init__(
        self, max_tokens: Integer | None = None, num_oov_indices: Integer = 1,
        mask_token: str | None = None, oov_token: str = '[UNK]',
        vocabulary: Sequence[Any] | str | None = None, idf_weights: Sequence[float] | None = None,
        invert: bool = False,
        output_mode: Literal['int', 'one_hot', 'multi_hot', 'count', 'tf_idf'] = 'int',
        pad_to_max_tokens: bool = False, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        salt: Any = None, sparse: Any = None, ragged: Any = None, encoding: Any = None,
        has_input_vocabulary: Any = None, vocabulary_size: Any = None, oov_method: Any = None,
    ) -> None:
        r"""Args:
        max_tokens: Size of the vocabulary at most, all included.
        num_oov_indices: How many indices strings have that are not known.
        mask_token: The string that is a mask; none if `None`.
        oov_token: What stands for a string that is not known.
        vocabulary: The tokens, or the name of a file with one a line.
        idf_weights: For "tf_idf": the weight of each token of `vocabulary`.
        invert: Whether indices become strings.
        output_mode: "int", "one_hot", "multi_hot", "count" or "tf_idf".
        pad_to_max_tokens: Whether outputs have `max_tokens` columns, not one a token.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class TextVectorization(_layers_text.TextVectorization, Layer):
    def __init__(
        self, max_tokens: Integer | None = None,
        standardize: str | Callable[[str], object] | None = 'lower_and_strip_punctuation',
        split: str | Callable[[str], object] | None = 'whitespace',
        ngrams: Integer | Sequence[int] | None = None,
        output_mode: Literal['int', 'multi_hot', 'count', 'tf_idf'] = 'int',
        output_sequence_length: Integer | None = None, pad_to_max_tokens: bool = False,
        vocabulary: Sequence[Any] | str | None = None, idf_weights: Sequence[float] | None = None,
        *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
        salt: Any = None, sparse: Any = None, ragged: Any = None, encoding: Any = None,
        has_input_vocabulary: Any = None, vocabulary_size: Any = None,
    ) -> None:
        r"""Args:
        max_tokens: Size of the vocabulary at most, all included.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation", `None` or a function.
        split: "whitespace", "character", `None` or a function.
        ngrams: The longest n-gram, or a tuple of the lengths; tokens alone where `None`.
        output_mode: "int", "multi_hot", "count" or "tf_idf".
        output_sequence_length: How many tokens a text has, cut or padded.
        pad_to_max_tokens: Whether outputs have `max_tokens` columns, not one a token.
        vocabulary: The tokens, or the name of a file with one a line.
        idf_weights: For "tf_idf": the weight of each token of `vocabulary`.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class AlphaDropout(_layers_dropout.AlphaDropout, Layer):
    def __init__(
        self, rate: Number, noise_shape: Sequence[Any] | None = None, seed: Integer | None = None,
        *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        rate: Fraction to drop.
        noise_shape: Shape of the draw, broadcast over the inputs; `None` in it is the input's own size.
        seed: Seed of the draws.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, training: Any = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None) -> jax.Array: ...

class AveragePooling2D(_layers_pooling.AveragePooling2D, Layer):
    def __init__(
        self, pool_size: Integer | Sequence[int], strides: Integer | Sequence[int] | None = None,
        padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        pool_size: Rows and columns of the window.
        strides: Places from window to window; `pool_size` if `None`.
        padding: "valid" (whole windows only) or "same".
        data_format: Only "channels_last".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

from cello.cells import CfCCell as CfCCell
class Conv1D(_layers_convolution.Conv1D, Layer):
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int],
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same', 'causal'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None,
        dilation_rate: Integer | Sequence[int] = 1, groups: Integer = 1, activation: Named = None,
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        filters: Number of output features.
        kernel_size: Length of the window.
        strides: Steps from window to window.
        padding: "valid", "same" or "causal".
        data_format: Only "channels_last": `(batch, time, features)`.
        dilation_rate: Steps from tap to tap within the window.
        groups: Number of groups that features and filters are split into.
        activation: Function of the sum; none where `None`.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Conv2D(_layers_convolution.Conv2D, Layer):
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int],
        strides: Integer | Sequence[int] = ..., padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None,
        dilation_rate: Integer | Sequence[int] = ..., groups: Integer = 1, activation: Named = None,
        use_bias: bool = True, kernel_initializer: Named = 'glorot_uniform',
        bias_initializer: Named = 'zeros', kernel_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        kernel_constraint: Named = None, bias_constraint: Named = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        filters: Number of output features.
        kernel_size: Rows and columns of the window.
        strides: Places from window to window.
        padding: "valid" or "same".
        data_format: Only "channels_last": `(batch, time, features)`.
        dilation_rate: Places from tap to tap within the window.
        groups: Number of groups that features and filters are split into.
        activation: Function of the sum; none where `None`.
        use_bias: Whether to add a bias.
        kernel_initializer: Initialiser of the kernel.
        bias_initializer: Initialiser of the bias.
        kernel_regularizer: Penalty on the kernel.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        kernel_constraint: Constraint on the kernel.
        bias_constraint: Constraint on the bias.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class DepthwiseConv1D(_layers_convolution.DepthwiseConv1D, Layer):
    def __init__(
        self, kernel_size: Integer | Sequence[int], strides: Integer | Sequence[int] = 1,
        padding: Literal['valid', 'same', 'causal'] = 'valid', depth_multiplier: Integer = 1,
        data_format: Literal[None, 'channels_last'] = None,
        dilation_rate: Integer | Sequence[int] = 1, activation: Named = None, use_bias: bool = True,
        depthwise_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        depthwise_regularizer: Named = None, bias_regularizer: Named = None,
        activity_regularizer: Named = None, depthwise_constraint: Named = None,
        bias_constraint: Named = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        kernel_size: Length of the window.
        strides: Steps from window to window.
        padding: "valid", "same" or "causal".
        depth_multiplier: Number of windows for each feature.
        data_format: Only "channels_last": `(batch, time, features)`.
        dilation_rate: Steps from tap to tap within the window.
        activation: Function of the sum; none where `None`.
        use_bias: Whether to add a bias.
        depthwise_initializer: Initialiser of these windows.
        bias_initializer: Initialiser of the bias.
        depthwise_regularizer: Penalty on these windows.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        depthwise_constraint: Constraint on these windows.
        bias_constraint: Constraint on the bias.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

class Dropout(_layers_dropout.Dropout, Layer):
    def __init__(
        self, rate: Number, noise_shape: Sequence[Any] | None = None, seed: Integer | None = None,
        *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        rate: Fraction to drop.
        noise_shape: Shape of the draw, broadcast over the inputs; `None` in it is the input's own size.
        seed: Seed of the draws.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, training: Any = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, training: Any = None) -> jax.Array: ...

from cello.cells import EchoStateCell as EchoStateCell
from cello.cells import FeedForwardCell as FeedForwardCell
from cello.cells import GRUDCell as GRUDCell
from cello.cells import GriffinCell as GriffinCell
from cello.cells import LRUCell as LRUCell
from cello.cells import LTCCell as LTCCell
class MaxPooling2D(_layers_pooling.MaxPooling2D, Layer):
    def __init__(
        self, pool_size: Integer | Sequence[int] = ...,
        strides: Integer | Sequence[int] | None = None, padding: Literal['valid', 'same'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        pool_size: Rows and columns of the window.
        strides: Places from window to window; `pool_size` if `None`.
        padding: "valid" (whole windows only) or "same".
        data_format: Only "channels_last".
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        activity_regularizer: Penalty on the output.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

from cello.cells import ODERNNCell as ODERNNCell
class SeparableConv1D(_layers_convolution.SeparableConv1D, Layer):
    def __init__(
        self, filters: Integer, kernel_size: Integer | Sequence[int],
        strides: Integer | Sequence[int] = 1, padding: Literal['valid', 'same', 'causal'] = 'valid',
        data_format: Literal[None, 'channels_last'] = None,
        dilation_rate: Integer | Sequence[int] = 1, depth_multiplier: Integer = 1,
        activation: Named = None, use_bias: bool = True,
        depthwise_initializer: Named = 'glorot_uniform',
        pointwise_initializer: Named = 'glorot_uniform', bias_initializer: Named = 'zeros',
        depthwise_regularizer: Named = None, pointwise_regularizer: Named = None,
        bias_regularizer: Named = None, activity_regularizer: Named = None,
        depthwise_constraint: Named = None, pointwise_constraint: Named = None,
        bias_constraint: Named = None, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        filters: Number of output features.
        kernel_size: Length of the window.
        strides: Steps from window to window.
        padding: "valid", "same" or "causal".
        data_format: Only "channels_last": `(batch, time, features)`.
        dilation_rate: Steps from tap to tap within the window.
        depth_multiplier: Number of windows for each feature.
        activation: Function of the sum; none where `None`.
        use_bias: Whether to add a bias.
        depthwise_initializer: Initialiser of these windows.
        pointwise_initializer: Initialiser of the product's kernel.
        bias_initializer: Initialiser of the bias.
        depthwise_regularizer: Penalty on these windows.
        pointwise_regularizer: Penalty on it.
        bias_regularizer: Penalty on the bias.
        activity_regularizer: Penalty on the output.
        depthwise_constraint: Constraint on these windows.
        pointwise_constraint: Constraint on it.
        bias_constraint: Constraint on the bias.
        name: Name; made from the class where `None`.
        trainable: Whether training changes it.
        dtype: Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.
        input_shape: Shape of the input without the batch.
        batch_input_shape: Shape of the input with the batch.
        """
    @overload
    def __call__(self, inputs: SymbolicTree, *, training: bool | None = None) -> SymbolicTensor: ...
    @overload
    def __call__(self, inputs: ArrayTree, *, training: bool | None = None) -> jax.Array: ...

from cello.cells import TokenShiftFeedForwardCell as TokenShiftFeedForwardCell
from cello.cells import DeltaNetCell as DeltaNetCell
from cello.cells import GLACell as GLACell
class GriffinBlockCell(_layers_blocks.GriffinBlockCell, Cell):
    def __init__(
        self, units: Integer, expand: Number = 3, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        expand: Width of the feed-forward network, in `units`.
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

from cello.cells import HGRNCell as HGRNCell
from cello.cells import MLSTMCell as MLSTMCell
from cello.cells import Mamba2Cell as Mamba2Cell
class MambaBlockCell(_layers_blocks.MambaBlockCell, Cell):
    def __init__(
        self, units: Integer, state_units: Integer = 16, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        state_units: Size of the state of a channel.
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

from cello.cells import MambaCell as MambaCell
from cello.cells import MinGRUCell as MinGRUCell
from cello.cells import MinLSTMCell as MinLSTMCell
from cello.cells import MultiplicativeIntegrationCell as MultiplicativeIntegrationCell
from cello.cells import QRNNCell as QRNNCell
from cello.cells import RGLRUCell as RGLRUCell
from cello.cells import RWKV7Cell as RWKV7Cell
class RWKVBlockCell(_layers_blocks.RWKVBlockCell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, expand: Number = 4, *, name: str | None = None,
        trainable: bool = True, dtype: str | DTypePolicy | DTypeLike | None = None,
        activity_regularizer: Named = None, input_shape: Sequence[Any] | None = None,
        batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        heads: Number of heads; it divides `units`.
        expand: Width of the channel mixing, in `units`.
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

from cello.cells import ResidualCell as ResidualCell
from cello.cells import RetNetCell as RetNetCell
from cello.cells import S4DCell as S4DCell
from cello.cells import S5Cell as S5Cell
from cello.cells import SRUCell as SRUCell
class XLSTMBlockCell(_layers_blocks.XLSTMBlockCell, Cell):
    def __init__(
        self, units: Integer, heads: Integer = 1, memory: Literal['matrix', 'scalar'] = 'matrix',
        expand: Number = 2.6666666666666665, *, name: str | None = None, trainable: bool = True,
        dtype: str | DTypePolicy | DTypeLike | None = None, activity_regularizer: Named = None,
        input_shape: Sequence[Any] | None = None, batch_input_shape: Sequence[Any] | None = None,
    ) -> None:
        r"""Args:
        units: Size of the output, and of what is inside.
        heads: Number of heads; it divides `units`.
        memory: "matrix" or "scalar".
        expand: Width of the feed-forward network, in `units`.
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

from cello.cells import CoupledLSTMCell as CoupledLSTMCell
from cello.cells import DropConnectCell as DropConnectCell
from cello.cells import DropoutCell as DropoutCell
from cello.cells import GRUCell as GRUCell
from cello.cells import GatedDeltaNetCell as GatedDeltaNetCell
from cello.cells import IndRNNCell as IndRNNCell
from cello.cells import LSTMCell as LSTMCell
from cello.cells import MGUCell as MGUCell
from cello.cells import SLSTMCell as SLSTMCell
from cello.cells import SimpleRNNCell as SimpleRNNCell
from cello.cells import UGRNNCell as UGRNNCell
from cello.cells import ZoneoutCell as ZoneoutCell
from cello.cells import ConvGRU1DCell as ConvGRU1DCell
from cello.cells import ConvGRU2DCell as ConvGRU2DCell
from cello.cells import ConvGRU3DCell as ConvGRU3DCell
from cello.cells import ConvLSTM1DCell as ConvLSTM1DCell
from cello.cells import ConvLSTM2DCell as ConvLSTM2DCell
from cello.cells import ConvLSTM3DCell as ConvLSTM3DCell
from cello.cells import LayerNormGRUCell as LayerNormGRUCell
from cello.cells import LayerNormLSTMCell as LayerNormLSTMCell
from cello.cells import PeepholeLSTMCell as PeepholeLSTMCell
from cello.cells import ProjectedLSTMCell as ProjectedLSTMCell
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
Convolution2D = Conv2D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
SeparableConvolution1D = SeparableConv1D

__all__ = [
    "Activation", "ActivityRegularization", "Add", "AdditiveAttention", "AlphaDropout", "Attention",
    "AttentionCell", "Average", "AveragePooling1D", "AveragePooling2D", "AvgPool1D", "AvgPool2D",
    "BatchNormalization", "Bidirectional", "CategoryEncoding", "Cell", "CfC", "CfCCell",
    "Concatenate", "Conv1D", "Conv1DTranspose", "Conv2D", "ConvGRU1D", "ConvGRU1DCell", "ConvGRU2D",
    "ConvGRU2DCell", "ConvGRU3D", "ConvGRU3DCell", "ConvLSTM1D", "ConvLSTM1DCell", "ConvLSTM2D",
    "ConvLSTM2DCell", "ConvLSTM3D", "ConvLSTM3DCell", "Convolution1D", "Convolution1DTranspose",
    "Convolution2D", "CoupledLSTM", "CoupledLSTMCell", "Cropping1D", "DeltaNet", "DeltaNetCell",
    "Dense", "DepthwiseConv1D", "Discretization", "Dot", "DropConnectCell", "Dropout",
    "DropoutCell", "ELU", "EchoState", "EchoStateCell", "EinsumDense", "Embedding",
    "FeedForwardCell", "Flatten", "GLA", "GLACell", "GRU", "GRUCell", "GRUD", "GRUDCell",
    "GatedDeltaNet", "GatedDeltaNetCell", "GaussianDropout", "GaussianNoise",
    "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAvgPool1D", "GlobalAvgPool2D",
    "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Griffin",
    "GriffinBlock", "GriffinBlockCell", "GriffinCell", "GroupNormalization", "GroupQueryAttention",
    "HGRN", "HGRNCell", "Hashing", "Identity", "IndRNN", "IndRNNCell", "Input", "InputLayer",
    "InputSpec", "IntegerLookup", "LRU", "LRUCell", "LSTM", "LSTMCell", "LTC", "LTCCell", "Lambda",
    "Layer", "LayerNormGRU", "LayerNormGRUCell", "LayerNormLSTM", "LayerNormLSTMCell",
    "LayerNormalization", "LeakyReLU", "MGU", "MGUCell", "MLSTM", "MLSTMCell", "Mamba", "Mamba2",
    "Mamba2Cell", "MambaBlock", "MambaBlockCell", "MambaCell", "Masking", "MaxPool1D", "MaxPool2D",
    "MaxPooling1D", "MaxPooling2D", "Maximum", "MelSpectrogram", "MinGRU", "MinGRUCell", "MinLSTM",
    "MinLSTMCell", "Minimum", "MultiHeadAttention", "MultiplicativeIntegrationCell", "Multiply",
    "Normalization", "ODERNN", "ODERNNCell", "PReLU", "PeepholeLSTM", "PeepholeLSTMCell", "Permute",
    "ProjectedLSTM", "ProjectedLSTMCell", "QRNN", "QRNNCell", "RGLRU", "RGLRUCell",
    "RMSNormalization", "RNN", "RWKV7", "RWKV7Cell", "RWKVBlock", "RWKVBlockCell", "ReLU",
    "RepeatVector", "Rescaling", "Reshape", "ResidualCell", "RetNet", "RetNetCell", "S4D",
    "S4DCell", "S5", "S5Cell", "SLSTM", "SLSTMCell", "SRU", "SRUCell", "STFTSpectrogram",
    "SeparableConv1D", "SeparableConvolution1D", "SimpleRNN", "SimpleRNNCell", "Softmax",
    "SpatialDropout1D", "StackedRNNCells", "StringLookup", "Subtract", "TextVectorization",
    "TimeDistributed", "TokenShiftFeedForwardCell", "UGRNN", "UGRNNCell", "UnitNormalization",
    "UpSampling1D", "Wrapper", "XLSTMBlock", "XLSTMBlockCell", "ZeroPadding1D", "ZoneoutCell",
    "add", "average", "concatenate", "deserialize", "dot", "maximum", "minimum", "multiply",
    "serialize", "subtract",
]
