"""ONNX Runtime sessions and the model zoo."""
