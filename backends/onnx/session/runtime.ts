import { LacunaError } from '../../../spec/errors.js';

/** The module `onnxruntime-node`. */
export type Runtime = typeof import('onnxruntime-node');

/** Loads ONNX Runtime on first use. @throws LacunaError where it is not installed or cannot load. */
export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new LacunaError(
      {
        where: 'onnx',
        what: 'ONNX Runtime could not be loaded',
        got: cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause),
        fix: 'Install it with `npm install --ignore-scripts onnxruntime-node`.',
      },
      { cause },
    );
  }
}
