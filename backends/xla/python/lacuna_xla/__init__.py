"""Programs of Lacuna on XLA, through JAX: the process behind `backends/xla`."""
