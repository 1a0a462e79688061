import { type ErrorFacts, LacunaError } from '../../spec/errors.js';

/** The module `onnxruntime-node`: for the backend, and for whoever runs a model from an ONNX file. */
export type OnnxRuntime = typeof import('onnxruntime-node');

/**
 * Loads ONNX Runtime on first use.
 *
 * @param where Who needs it.
 * @throws LacunaError where it is not installed or cannot load.
 */
export async function loadOnnxRuntime(where: string): Promise<OnnxRuntime> {
  try {
    return await import('onnxruntime-node');
  } catch (cause) {
    throw new LacunaError(
      {
        where,
        what: 'ONNX Runtime could not be loaded',
        got: cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause),
        fix: 'Install it with `npm install --ignore-scripts onnxruntime-node`.',
      },
      { cause },
    );
  }
}

/** What ONNX Runtime says of a file, as an error of ours: on one line, and not for pages. */
export function onnxRuntimeError(facts: Omit<ErrorFacts, 'got'>, cause: unknown): LacunaError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new LacunaError({ ...facts, got: said.replaceAll(/\s+/g, ' ').slice(0, 500) }, { cause });
}
