import fc from 'fast-check';

/**
 * Property tests draw the same examples in every run, so that a red run is a change of the code
 * and not of the dice. `LACUNA_SEED=N npm test` draws others, `LACUNA_SEED=random` fresh ones;
 * what they find is then frozen as an example of its own.
 */
const asked = process.env.LACUNA_SEED ?? '20261121';
fc.configureGlobal(asked === 'random' ? {} : { seed: Number(asked) });
