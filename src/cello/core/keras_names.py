"""The classes that Keras has as well, by its modules: files name these as Keras does."""

_NAMES = {
    "constraints": "Constraint MaxNorm MinMaxNorm NonNeg UnitNorm",
    "initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal
        LecunUniform Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling
        Zeros""",
    "layers": """
        Activation Add AdditiveAttention Attention Average BatchNormalization Bidirectional
        CategoryEncoding Concatenate Conv1D ConvLSTM1D ConvLSTM2D ConvLSTM3D Dense
        Discretization Dot Dropout EinsumDense Embedding Flatten GRU GRUCell
        GlobalAveragePooling1D GlobalMaxPooling1D GroupQueryAttention InputLayer
        IntegerLookup LSTM LSTMCell Lambda Layer LayerNormalization Masking MaxPooling1D
        Maximum MelSpectrogram Minimum MultiHeadAttention Multiply Permute RMSNormalization
        RNN RepeatVector Reshape STFTSpectrogram SimpleRNN SimpleRNNCell SpatialDropout1D
        StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed""",
    "losses": """
        BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy
        CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge
        CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss MeanAbsoluteError
        MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
        SparseCategoricalCrossentropy SquaredHinge Tversky""",
    "metrics": """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy
        CategoricalCrossentropy CategoricalHinge ConcordanceCorrelation CosineSimilarity F1Score
        FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence LogCoshError Mean
        MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper MeanSquaredError
        MeanSquaredLogarithmicError Metric OneHotIoU OneHotMeanIoU PearsonCorrelation Poisson
        Precision PrecisionAtRecall R2Score Recall RecallAtPrecision RootMeanSquaredError
        SensitivityAtSpecificity SparseCategoricalAccuracy SparseCategoricalCrossentropy
        SparseTopKCategoricalAccuracy SpecificityAtSensitivity SquaredHinge Sum
        TopKCategoricalAccuracy TrueNegatives TruePositives""",
    "optimizers": """
        Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion Muon Nadam Optimizer RMSprop SGD
        ScheduleFreeAdamW""",
    "regularizers": "L1 L1L2 L2 OrthogonalRegularizer Regularizer",
}
KERAS_NAMES = {kind: set(names.split()) for kind, names in _NAMES.items()}
