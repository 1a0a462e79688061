import type { InferenceSession } from 'onnxruntime-node';
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

/** How a stranger's model runs. */
export interface ModelSessionOptions {
  /** Threads of one run. @defaultValue those that ONNX Runtime chooses */
  readonly threads?: number | undefined;
  /** What to do where it is not taken. */
  readonly fix?: string;
}

/**
 * A session of a model that a stranger made, on the CPU. It opens no other file: weights elsewhere, also
 * those of functions inside it, would be looked for in the working folder, and be under no digest.
 *
 * @throws LacunaError where ONNX Runtime does not take it.
 */
export async function createModelSession(
  runtime: OnnxRuntime,
  where: string,
  bytes: Uint8Array,
  { threads, fix }: ModelSessionOptions = {},
): Promise<InferenceSession> {
  try {
    return await runtime.InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      logSeverityLevel: 4,
      ...(threads === undefined ? {} : { intraOpNumThreads: threads, interOpNumThreads: 1 }),
      extra: { session: { model_external_initializers_file_folder_path: `${where}/nowhere` } },
    });
  } catch (cause) {
    const facts = { where, what: 'ONNX Runtime does not take this file' };
    throw onnxRuntimeError(fix === undefined ? facts : { ...facts, fix }, cause);
  }
}

/** What ONNX Runtime says of a file, as an error of ours: on one line, and not for pages. */
export function onnxRuntimeError(facts: Omit<ErrorFacts, 'got'>, cause: unknown): LacunaError {
  const said = cause instanceof Error ? cause.message : String(cause);
  return new LacunaError({ ...facts, got: said.replaceAll(/\s+/g, ' ').slice(0, 500) }, { cause });
}
