"""The names that Keras has and Cello not: what to use instead.

What Cello has is found by looking (`tools/keras_names.py`), and stands nowhere else. A test
compares these tables with the installed Keras and with Cello.
"""

from __future__ import annotations

_VOLUMES = (
    "volumes are not sequences; fold an axis into another with `Reshape`, or write a layer of your "
    "own around `jax.lax.conv_general_dilated` or `jax.lax.reduce_window`"
)
_PICTURES = (
    "it prepares pictures, and Cello is for sequences; use Keras or another library in front, and "
    "give Cello what comes out"
)
_BACKBONES = (
    "it has no networks for pictures; compute features of each frame with Keras, "
    "`keras.applications.MobileNetV2(include_top=False, pooling='avg')` say, and give Cello the "
    "sequence of them"
)
_QUANTISED = (
    "layers are not quantised; `model.quantized('int8', x)` is a quantised model, which "
    "`model.export('m.c', weights='int8', calibrate=x)` writes"
)
_FOREIGN = "call it in a layer of your own"
_DISTRIBUTED = (
    "write `with cello.distribution.data_parallel():` or `model_parallel(parts)` around `fit`"
)
_DATASETS = (
    "Cello downloads nothing; read the data with pandas, scikit-learn or the `datasets` package of "
    "Hugging Face; `cello.datasets` has two small sets"
)
_FROM_FOLDERS = "read the files yourself, and pass arrays, lists of sequences or an iterable"
_SWITCHES = "there is nothing to switch"

# By Keras' module ("" is keras itself): names, and what to do instead of each. A module that stands
# here stands for all that is in it.
MISSING: dict[str, list[tuple[str, str]]] = {
    "": [
        ("Function", "write `Model(inputs, outputs)`, or `model.as_function()`"),
        ("Operation", "derive from `cello.Layer`"),
        ("RematScope remat", "give a recurrent layer `remat=`, or use `jax.checkpoint`"),
        (
            "StatelessScope SymbolicScope",
            "`model.as_function()` is a pure function of weights and inputs",
        ),
        ("device", "write `with jax.default_device(...):`"),
        ("name_scope", "give each layer its name, `name=`"),
        ("Quantizer quantizers", _QUANTISED),
        ("applications", _BACKBONES),
        (
            "distillation",
            "write a `Model` whose `compute_loss` compares the outputs with those of the teacher",
        ),
        ("dtype_policies", "a policy is its name; `cello.DTypePolicy('mixed_bfloat16')`"),
        ("export", "write `model.export('m.onnx')`, or 'm.c', 'm.js', 'm.html'"),
        ("legacy", "files of older versions are read by `cello.models.load_model`"),
        ("tree", "write `jax.tree.map`, `jax.tree.leaves` and their kin"),
        ("visualization", "it draws pictures with boxes; `cello.plotting` draws sequences"),
    ],
    "backend": [
        ("get_uid", "names of layers are counted by themselves"),
    ],
    "callbacks": [
        ("OrbaxCheckpoint", "write `ModelCheckpoint` or `BackupAndRestore`"),
    ],
    "config": [
        ("set_backend is_nnx_enabled", "it is always JAX"),
        (
            """disable_flash_attention enable_flash_attention is_flash_attention_enabled
            disable_traceback_filtering enable_traceback_filtering
            is_traceback_filtering_enabled""",
            _SWITCHES,
        ),
        (
            """disable_interactive_logging enable_interactive_logging
            is_interactive_logging_enabled""",
            "say `verbose=` in `fit`, `evaluate` and `predict`",
        ),
        ("enable_unsafe_deserialization", "files hold no code; give `custom_objects`"),
        (
            "max_epochs set_max_epochs max_steps_per_epoch set_max_steps_per_epoch",
            "say `epochs=` and `steps_per_epoch=` in `fit`",
        ),
    ],
    "datasets": [
        (
            """boston_housing california_housing cifar10 cifar100 fashion_mnist imdb mnist
            reuters""",
            _DATASETS,
        )
    ],
    "distribution": [
        (
            """DataParallel DeviceMesh LayoutMap ModelParallel TensorLayout distribute_tensor
            distribution set_distribution""",
            _DISTRIBUTED,
        ),
        ("get_device_count", "write `jax.device_count()`"),
        ("list_devices", "write `jax.devices()`"),
    ],
    "dtype_policies": [
        (
            """AWQDTypePolicy GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy
            QuantizedFloat8DTypePolicy""",
            _QUANTISED,
        ),
        ("DTypePolicyMap", "give each layer its own `dtype=`"),
        ("deserialize get serialize", "write `cello.DTypePolicy(name)`"),
    ],
    "initializers": [
        ("STFT STFTInitializer stft", "write `Constant` with the windowed waves"),
    ],
    "layers": [
        (
            """AveragePooling3D AvgPool3D Conv3D Conv3DTranspose Convolution3D
            Convolution3DTranspose Cropping3D GlobalAveragePooling3D GlobalAvgPool3D
            GlobalMaxPool3D GlobalMaxPooling3D MaxPool3D MaxPooling3D SpatialDropout3D UpSampling3D
            ZeroPadding3D AdaptiveAveragePooling3D AdaptiveMaxPooling3D""",
            _VOLUMES,
        ),
        (
            """AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix
            Equalization MaxNumBoundingBoxes MixUp RandAugment RandomBrightness
            RandomColorDegeneration RandomColorJitter RandomContrast RandomCrop
            RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur RandomGrayscale
            RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
            RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom Resizing
            Solarization Pipeline""",
            _PICTURES,
        ),
        (
            "Conv2DTranspose Convolution2DTranspose",
            "frames go into sequences and do not come out; predict features of a frame, and paint "
            "it with Keras, or write a layer of your own around `jax.lax.conv_transpose`",
        ),
        (
            """DepthwiseConv2D SeparableConv2D SeparableConvolution2D""",
            "write `Conv2D` with `groups=`, within `TimeDistributed`",
        ),
        (
            """Cropping2D ZeroPadding2D UpSampling2D AdaptiveAveragePooling2D AdaptiveMaxPooling2D
            SpatialDropout2D""",
            "write a `Lambda` of `cello.ops.pad`, `repeat` or a slice within `TimeDistributed`",
        ),
        (
            "AdaptiveAveragePooling1D AdaptiveMaxPooling1D",
            "write `Reshape` and the mean or maximum over an axis, or `GlobalAveragePooling1D`",
        ),
        ("FlaxLayer JaxLayer", "a layer of your own calls any function of JAX in `call`"),
        ("TFSMLayer TorchModuleWrapper", "use `cello.saving.from_torch` or `from_onnx`"),
        ("HashedCrossing", "write `Hashing` of the joined strings"),
        (
            "ReversibleEmbedding",
            "multiply with `cello.ops.transpose(embedding.embeddings)` in a layer of your own",
        ),
        (
            "SpectralNormalization",
            "write a constraint of your own that divides the kernel by its largest singular value",
        ),
    ],
    "metrics": [],
    "ops": [
        (
            """image nn numpy linalg""",
            "all functions stand in `cello.ops` itself, those for pictures nowhere",
        ),
        (
            """adaptive_average_pool adaptive_max_pool average_pool conv conv_transpose
            depthwise_conv max_pool separable_conv""",
            "write the layer, `Conv1D` say, or a function of `jax.lax`",
        ),
        ("depth_to_space fold psnr space_to_depth unfold", "it is for pictures"),
        (
            "eig polar view_as_complex view_as_real",
            "complex numbers are refused; write the function of `jax.numpy`",
        ),
        ("rearrange", "write `reshape` and `transpose`, or `einops.rearrange` on arrays"),
    ],
    "optimizers": [
        (
            "MultiOptimizer OptimizerMap",
            "give `compile` one of optax; `optax.multi_transform` has an optimiser a group",
        ),
        ("legacy", "the optimisers of `cello.optimizers` have the same names"),
    ],
    "preprocessing": [
        ("image image_dataset_from_directory", _PICTURES),
        ("text_dataset_from_directory", _FROM_FOLDERS),
    ],
    "saving": [
        ("KerasFileEditor", "a `.keras` file is a zip; `h5py` opens the weights in it"),
    ],
    "utils": [
        ("Config", "write a dict"),
        ("FeatureSpace", "write `Normalization`, `StringLookup` and `Concatenate`"),
        ("bounding_boxes array_to_img img_to_array load_img save_img", _PICTURES),
        ("image_dataset_from_directory", _PICTURES),
        ("audio_dataset_from_directory text_dataset_from_directory", _FROM_FOLDERS),
        ("get_file", "Cello downloads nothing; `urllib.request.urlretrieve` does"),
        ("get_source_inputs", "write `model.inputs`"),
        (
            """disable_interactive_logging enable_interactive_logging
            is_interactive_logging_enabled""",
            "say `verbose=` in `fit`, `evaluate` and `predict`",
        ),
        ("legacy", "files of older versions are read by `cello.models.load_model`"),
        ("model_to_dot", "`cello.utils.plot_model` draws without graphviz"),
        ("pack_x_y_sample_weight unpack_x_y_sample_weight", "write a tuple"),
    ],
}

# Where Cello has what Keras has under another name.
ELSEWHERE: dict[str, str] = {
    "FloatDTypePolicy": "DTypePolicy",
    "KerasTensor": "core.symbolic.SymbolicTensor",
    "version": "__version__",
    "dtype_policies.DTypePolicy": "DTypePolicy",
    "dtype_policies.FloatDTypePolicy": "DTypePolicy",
    "initializers.IdentityInitializer": "initializers.Identity",
    "initializers.OrthogonalInitializer": "initializers.Orthogonal",
}


def instead_of(name: str) -> str | None:
    """What to do without `keras.<name>`; `None` if Keras has no such name, or Cello has it."""
    if name in ELSEWHERE:
        return f"write `cello.{ELSEWHERE[name]}`"
    module, _, last = name.rpartition(".")
    found = (advice for names, advice in MISSING.get(module, []) if last in names.split())
    return next(found, None) or (instead_of(module) if module else None)
