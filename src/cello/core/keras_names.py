"""The classes that Keras has as well, by its modules: files name these as Keras does."""

_NAMES = {
    "constraints": "Constraint MaxNorm MinMaxNorm NonNeg UnitNorm",
    "initializers": """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity Initializer LecunNormal
        LecunUniform Ones Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling
        Zeros""",
    "layers": """
        Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention
        Average AveragePooling1D AveragePooling2D BatchNormalization Bidirectional
        CategoryEncoding Concatenate Conv1D Conv1DTranspose Conv2D ConvLSTM1D ConvLSTM2D
        ConvLSTM3D Cropping1D Dense DepthwiseConv1D Discretization Dot Dropout ELU
        EinsumDense Embedding Flatten GRU GRUCell GaussianDropout GaussianNoise
        GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D GlobalMaxPooling2D
        GroupNormalization GroupQueryAttention Hashing Identity InputLayer IntegerLookup
        LSTM LSTMCell Lambda Layer LayerNormalization LeakyReLU Masking MaxPooling1D
        MaxPooling2D Maximum MelSpectrogram Minimum MultiHeadAttention Multiply
        Normalization PReLU Permute RMSNormalization RNN ReLU RepeatVector Rescaling Reshape
        STFTSpectrogram SeparableConv1D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D
        StackedRNNCells StringLookup Subtract TextVectorization TimeDistributed
        UnitNormalization UpSampling1D Wrapper ZeroPadding1D""",
    "losses": """
        BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy
        CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge
        Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss MeanAbsoluteError
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
        Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer Muon Nadam
        Optimizer RMSprop SGD ScheduleFreeAdamW""",
    "regularizers": "L1 L1L2 L2 OrthogonalRegularizer Regularizer",
}
KERAS_NAMES = {kind: set(names.split()) for kind, names in _NAMES.items()}
