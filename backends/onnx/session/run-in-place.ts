import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GraphWriter } from '../../../formats/onnx/graph-writer.js';

const STOP = 'lacuna/stop';
const REFUSAL = 'Non tensor type is temporarily not supported';

/**
 * Prepares a graph for `runInPlace`. onnxruntime-node 1.30 writes results to the tensors that it
 * is given, and then copies each once more, to new JavaScript memory, for the object that `run`
 * returns. For 1.1 GB of state that took 1 s a step, most of it in page faults. It cannot be told
 * not to, but it converts outputs in order and stops at one that JavaScript cannot have: so an
 * empty sequence becomes the graph's first output.
 */
export function addStop(graph: GraphWriter): void {
  graph.node('SequenceEmpty', [], { dtype: 1 }, { outputs: [STOP] });
  graph.firstOutputSequence(STOP, 'f32');
}

/** Runs a session; the results are in the memory of `fetches`. */
export async function runInPlace(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  fetches: Readonly<Record<string, Tensor>>,
): Promise<void> {
  try {
    await session.run(feeds, { [STOP]: null, ...fetches });
  } catch (error) {
    // Only the conversion of results, after the run, ends so.
    if (!(error instanceof Error && error.message.includes(REFUSAL))) throw error;
  }
}
