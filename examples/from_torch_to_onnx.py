"""An LSTM trained in PyTorch learns on in Cello and runs in ONNX Runtime.

It says the next week's change of the carbon dioxide in the air from those of the last year. PyTorch
learns from the weeks before 1980, Cello from those before 1996; the last five years are the test.
"""

import sys

import numpy as np
import onnxruntime
import torch

import cello

epochs = 2 if "--quick" in sys.argv else 30
dates, ppm = cello.datasets.co2.load_data(fill="linear")
windows = np.lib.stride_tricks.sliding_window_view(np.diff(ppm), 53)
x, y = windows[:, :52, None], windows[:, 52:]
early, late = (dates[53:] < np.datetime64(year) for year in ("1980", "1996"))

lstm, head = torch.nn.LSTM(1, 24, batch_first=True), torch.nn.Linear(24, 1)
optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.01)
for _ in range(epochs):
    loss = torch.mean((head(lstm(torch.tensor(x[early]))[0][:, -1]) - torch.tensor(y[early])) ** 2)
    optimizer.zero_grad(), loss.backward(), optimizer.step()

layers = [cello.saving.from_torch(lstm, return_sequences=False), cello.saving.from_torch(head)]
model, x_test, y_test = cello.Sequential(layers), x[-260:], y[-260:]
moved, before = model.predict(x_test, verbose=0), head(lstm(torch.tensor(x_test))[0][:, -1])
print(f"PyTorch and Cello differ by up to {np.abs(moved - before.detach().numpy()).max():.0e} ppm.")
model.compile(cello.optimizers.Adam(1e-3), "mse")
model.fit(x[late], y[late], epochs=epochs, verbose=0)
after = model.predict(x_test, verbose=0)
for name, forecast in (("no change", 0), ("PyTorch", moved), ("after learning on", after)):
    print(f"Error of the test, {name}: {np.sqrt(np.mean((forecast - y_test) ** 2)):.3f} ppm")
model.export("co2.onnx")
session = onnxruntime.InferenceSession("co2.onnx")
(served,) = session.run(model.output_names, {model.input_names[0]: x_test})
print(f"Cello and ONNX Runtime differ by up to {np.abs(served - after).max():.0e} ppm.")
