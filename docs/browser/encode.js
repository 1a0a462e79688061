// @ts-check
import * as ort from '../../node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs';

// A page of its own has no threads unless its server isolates it.
ort.env.wasm.numThreads = 1;

/**
 * Opens an exported encoder or classifier: its input is `frames` u8 [batch, T, H, W, 3], RGB as decoded.
 *
 * @param {Uint8Array} bytes of the `.onnx` file
 * @returns the session and the shape [T, H, W] of a clip
 */
export async function openEncoder(bytes) {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
  const frames = session.inputMetadata.find(({ name }) => name === 'frames');
  if (!frames?.isTensor || frames.type !== 'uint8' || frames.shape.length !== 5) {
    throw new Error('This file has no input `frames` of bytes: it is no encoder of Lacuna.');
  }
  const [length, height, width] = frames.shape.slice(1, 4).map(Number);
  return { session, length, height, width };
}

/**
 * All outputs for clips that follow each other: `tokens`, `features`, `embedding`, or `logits.NAME`.
 *
 * @param {Awaited<ReturnType<typeof openEncoder>>} encoder
 * @param {Uint8Array} frames RGB, row by row, frame by frame; any number of whole clips
 */
export async function encode({ session, length, height, width }, frames) {
  const shape = [length, height, width, 3];
  const clips = frames.length / shape.reduce((product, n) => product * n, 1);
  if (clips < 1 || !Number.isInteger(clips)) {
    throw new Error(`These are no whole clips of ${length} frames of ${width} x ${height} pixels.`);
  }
  const outputs = await session.run({ frames: new ort.Tensor('uint8', frames, [clips, ...shape]) });
  return Object.entries(outputs).map(([name, { dims, data }]) => ({
    name,
    dims: [...dims],
    values: Array.from(/** @type {Float32Array} */ (data)),
  }));
}
