"""Training: data in batches, losses and metrics over outputs, the compiled loop."""
