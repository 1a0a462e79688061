import type { Backend } from '../backend.js';
import { rowInputs } from '../plan/index.js';

/**
 * Has the devices of a backend share the batch of every program that has one which divides by them, as the suite's
 * programs otherwise run on one.
 *
 * @param onSplit Told of each program that is split.
 */
export function splitBatches(backend: Backend, onSplit: () => void = () => {}): Backend {
  const { devices = 1 } = backend.info;
  const compile = backend.compile.bind(backend);
  backend.compile = (program, options) => {
    const batch = program.inputs.find(({ role, shape }) => role === 'data' && shape.length > 0);
    const [count = 1] = batch?.shape ?? [];
    if (devices === 1 || count % devices !== 0) return compile(program, options);
    onSplit();
    return compile(program, { ...options, rows: rowInputs(program, count) });
  };
  return backend;
}
