"""Models in other languages: each layer is translated from what it computes."""
