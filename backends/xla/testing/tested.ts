/**
 * XLA compiles each program for 35 ms to 100 ms, a model for seconds: three cases of a family, and of what is made of many
 * operations one step. A composite that is expanded by whoever asks is one that the backend expands itself.
 * `lacuna conform --backend xla` takes all.
 */
export const CASES = 3;
export const SKIPPED: RegExp =
  /^(trajectory|finetuning|probe|relation)\/|^real\/(?!reduce_max)|^objective\/(?!targets)|^step\/(?!joint)|^function\/(model|loss)|\/expanded$/;
/** Programs of operations that are each checked by themselves: the long tests have them. */
export const COMPOSED: RegExp = /^(ensemble|function|gradient|objective)\//;
