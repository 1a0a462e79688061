"""A port of Lacuna to Python and NumPy: native functions, and an interpreter of programs."""
