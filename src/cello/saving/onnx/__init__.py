"""ONNX files: `export` writes them, `reader` reads them."""
