"""A port of Lacuna to PyTorch: every function, and an interpreter of programs."""
