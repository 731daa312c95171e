"""What `pipeline_of_sklearn` does; Keras' estimators lose `fit_kwargs` when they are cloned."""

import numpy as np
from keras.layers import GRU, Dense, Input, Reshape, SimpleRNN
from keras.models import Model, Sequential
from keras.optimizers import Adam
from keras.wrappers import SKLearnClassifier, SKLearnRegressor
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from start import start_alike

rng = np.random.default_rng(17)
phase = rng.uniform(0, 2 * np.pi, 128)
speed = rng.choice([0.3, 0.6, 0.9], 128)
waves = np.sin(phase[:, None] + speed[:, None] * np.arange(12)) + rng.normal(0, 0.1, (128, 12))
X = 50 + 10 * waves * np.linspace(1, 3, 12)
kinds = np.array(["slow", "medium", "fast"])[np.digitize(speed, [0.5, 0.8])]
level = np.sin(phase + speed * 12)


def classifier_model(X, y, units=8, learning_rate=0.01):
    n_features = X.shape[1]
    n_classes = y.shape[1]
    inp = Input(shape=(n_features,))
    steps = Reshape((n_features, 1))(inp)
    out = Dense(n_classes, activation="softmax")(GRU(units)(steps))
    model = Model(inp, out)
    start_alike(model)
    model.compile(loss="categorical_crossentropy", optimizer=Adam(learning_rate))
    return model


def regressor_model(X, y, activation="tanh"):
    model = Sequential([Input(shape=X.shape[1:]), Reshape((-1, 3))])
    model.add(SimpleRNN(10, activation=activation))
    model.add(Dense(y.shape[1] if y.ndim > 1 else 1))
    start_alike(model, seed=5)
    model.compile(loss="mse", optimizer="rmsprop", metrics=["mae"])
    return model


fit_kwargs = {"epochs": 6, "batch_size": 32, "shuffle": False, "verbose": 0}
classifier = SKLearnClassifier(
    classifier_model, model_kwargs={"learning_rate": 0.02}, fit_kwargs=fit_kwargs
)
of_rnn = {f"rnn__{name}": value for name, value in fit_kwargs.items()}
pipeline = Pipeline([("scale", StandardScaler()), ("rnn", classifier)])
folds = KFold(n_splits=3)
accuracies = cross_val_score(pipeline, X[:96], kinds[:96], cv=folds, params=of_rnn)

pipeline.fit(X[:96], kinds[:96])
labels = pipeline.predict(X[96:])
classes = list(pipeline.named_steps["rnn"].classes_)
confidence = pipeline.decision_function(X[96:])

regressor = make_pipeline(
    StandardScaler(), SKLearnRegressor(regressor_model, fit_kwargs=fit_kwargs)
)
search = GridSearchCV(
    regressor,
    {"sklearnregressor__model_kwargs": [{"activation": a} for a in ("tanh", "relu")]},
    cv=KFold(n_splits=2),
    scoring="neg_mean_absolute_error",
)
of_regressor = {f"sklearnregressor__{name}": value for name, value in fit_kwargs.items()}
search.fit(X[:64], level[:64], **of_regressor)

numbers = {
    "accuracies": accuracies,
    "labels": [classes.index(label) for label in labels],
    "score": pipeline.score(X[96:], kinds[96:]),
    "confidence": confidence,
    "log loss": log_loss(kinds[96:], confidence, labels=classes),
    "losses": pipeline.named_steps["rnn"].history_.history["loss"],
    "errors": -search.cv_results_["mean_test_score"],
    "best": search.best_estimator_.predict(X[96:]),
    "weights": search.best_estimator_[-1].model_.get_weights()[0],
}
