"""The classes that Keras has as well, by its modules: files name these as Keras does."""

_NAMES = {
    "constraints": "Constraint MaxNorm MinMaxNorm NonNeg UnitNorm",
    "initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal
        LecunUniform Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling
        Zeros""",
    "layers": """
        Activation Add AdditiveAttention Attention Average BatchNormalization Bidirectional
        Concatenate Conv1D ConvLSTM1D ConvLSTM2D ConvLSTM3D Dense Dot Dropout Embedding Flatten GRU
        GRUCell GlobalAveragePooling1D GlobalMaxPooling1D InputLayer LSTM LSTMCell Lambda Layer
        LayerNormalization Masking MaxPooling1D Maximum Minimum Multiply Permute RMSNormalization
        RNN RepeatVector Reshape SimpleRNN SimpleRNNCell SpatialDropout1D StackedRNNCells Subtract
        TimeDistributed""",
    "losses": """
        BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalHinge
        CosineSimilarity Hinge Huber KLDivergence LogCosh Loss MeanAbsoluteError
        MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
        SparseCategoricalCrossentropy SquaredHinge""",
    "metrics": """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy CategoricalAccuracy CategoricalCrossentropy
        CategoricalHinge CosineSimilarity FalseNegatives FalsePositives Hinge KLDivergence
        LogCoshError Mean MeanAbsoluteError MeanAbsolutePercentageError MeanMetricWrapper Metric
        MeanSquaredError MeanSquaredLogarithmicError Poisson Precision Recall RootMeanSquaredError
        SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
        SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives TruePositives""",
    "optimizers": """
        Adadelta Adafactor Adagrad Adam AdamW Adamax Lamb Lion Nadam Optimizer RMSprop SGD""",
    "regularizers": "L1 L1L2 L2 OrthogonalRegularizer Regularizer",
}
KERAS_NAMES = {kind: set(names.split()) for kind, names in _NAMES.items()}
