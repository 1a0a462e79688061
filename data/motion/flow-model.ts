import type { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  createModelSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  onnxRuntimeError,
} from '../../formats/onnx/runtime.js';
import { LacunaError } from '../../spec/errors.js';
import { type FlowFile, readFlowFile } from './flow-file.js';

/** A side in pixels of the frames that a model is given is a multiple of this, and at least that. */
const SIDE_STEP = 8;
const LEAST_SIDE = 128;
const MAX_SIDE = 2048;

const FORM =
  'two inputs float32 [1, 3, H, W], and of the outputs one float32 [1, 2, H, W], as RAFT has';
const EXPORT =
  'Export a RAFT of torchvision with torch.onnx.export, all in one file (external_data=False).';

/** What errors of a file say. */
const OF_FILES = { expected: FORM, fix: EXPORT };

/**
 * A model of optical flow from an ONNX file, run on one thread of the CPU: RAFT (Teed and Deng,
 * 2020) as `torch.onnx.export` writes torchvision's `raft_small` and `raft_large`.
 *
 * It takes two frames, f32 [1, 3, H, W], RGB in [-1, 1], in the order of the graph's inputs, and
 * gives f32 [1, 2, H, W]: for each pixel of the first frame the offset in pixels (x to the right,
 * then y down) to where its content is in the second. Of several outputs of this shape (RAFT's
 * iterations) the last is taken, the finest. H and W are the graph's where it fixes them, and else
 * each the smallest multiple of 8 that is at least the clip's side and at least 128, which is as
 * little as RAFT can take; `modelFlowMap` says how frames come to this size.
 *
 * The range of the values cannot be seen in a file: a RAFT that takes [0, 255], as that of RAFT's
 * authors does, needs the division put in front of it when it is exported.
 *
 * Tried with graphs made for the tests, whose flow is known; not with RAFT's own weights.
 */
export class FlowModel {
  /** H and W. */
  readonly height: number;
  readonly width: number;
  /** SHA-256 of the file, hex. */
  readonly digest: string;
  readonly #where: string;
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;
  #output: string | undefined;

  private constructor(
    { path, digest }: Required<FlowFile>,
    [height, width]: readonly [number, number],
    runtime: OnnxRuntime,
    session: InferenceSession,
  ) {
    this.height = height;
    this.width = width;
    this.digest = digest;
    this.#where = path;
    this.#runtime = runtime;
    this.#session = session;
  }

  /**
   * Opens a model for square clips of `side` pixels, and runs it once on grey frames.
   *
   * @throws LacunaError for a file that is missing, damaged, another than the one asked for, or of
   * another form, and without ONNX Runtime.
   */
  static async open(file: FlowFile, side: number): Promise<FlowModel> {
    const { bytes, digest } = await readFlowFile(file);
    const { path } = file;
    const runtime = await loadOnnxRuntime('optical flow');
    const session = await createModelSession(runtime, path, bytes, { threads: 1, fix: EXPORT });
    try {
      const size = frameSize(path, session.inputMetadata, side);
      const model = new FlowModel({ path, digest }, size, runtime, session);
      await model.#findOutput();
      return model;
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * The flow from `first` to `second`, each [3, H, W] in [-1, 1]: [2, H, W].
   * @throws LacunaError if the model fails.
   */
  async flow(first: Float32Array, second: Float32Array): Promise<Float32Array> {
    const results = await this.#run([first, second]);
    return results[this.#output ?? '']?.data as Float32Array;
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  /** Symbolic sizes say nothing of a graph's outputs: one run shows what they are. */
  async #findOutput(): Promise<void> {
    const grey = new Float32Array(3 * this.height * this.width);
    const results = await this.#run([grey, grey]);
    const wanted = `float32 [1, 2, ${this.height}, ${this.width}]`;
    const { outputNames } = this.#session;
    const found = (name: string): string => {
      const { type, dims } = results[name] as Tensor;
      return `${type} [${dims?.join(', ')}]`;
    };
    this.#output = outputNames.findLast((name) => found(name) === wanted);
    if (this.#output !== undefined) return;
    throw new LacunaError({
      where: this.#where,
      what: 'no output of this file is an optical flow',
      got: outputNames.slice(-3).map(found).join(' and '),
      expected: wanted,
      fix: EXPORT,
    });
  }

  async #run(frames: readonly Float32Array[]): Promise<InferenceSession.ReturnType> {
    const { Tensor } = this.#runtime;
    const dims = [1, 3, this.height, this.width];
    const feeds = this.#session.inputNames.map(
      (name, i) => [name, new Tensor('float32', frames[i] as Float32Array, dims)] as const,
    );
    const wanted = this.#output === undefined ? this.#session.outputNames : [this.#output];
    try {
      return await this.#session.run(Object.fromEntries(feeds), [...wanted]);
    } catch (cause) {
      throw onnxRuntimeError(
        { where: this.#where, what: 'ONNX Runtime failed to run this file', ...OF_FILES },
        cause,
      );
    }
  }
}

/** H and W. */
function frameSize(
  where: string,
  inputs: readonly InferenceSession.ValueMetadata[],
  side: number,
): readonly [number, number] {
  const shapes = inputs.map((input) => (input.isTensor ? input.shape : []));
  const fits = inputs.every((input, i) => {
    const [count, channels] = shapes[i] ?? [];
    const isFrame = shapes[i]?.length === 4 && may(count, 1) && may(channels, 3);
    return input.isTensor && input.type === 'float32' && isFrame;
  });
  const fixed = [2, 3].map((axis) => [
    ...new Set(shapes.map((shape) => shape[axis]).filter(known)),
  ]);
  if (inputs.length !== 2 || !fits || fixed.some((sizes) => sizes.length > 1)) {
    const found = inputs.map((input, i) =>
      input.isTensor ? `${input.type} [${shapes[i]?.join(', ')}]` : 'no tensor',
    );
    throw new LacunaError({
      where,
      what: 'the inputs of this file are not two frames',
      got: `${inputs.length} inputs: ${found.slice(0, 4).join(' and ')}`,
      expected: FORM,
      fix: EXPORT,
    });
  }
  const least = Math.max(LEAST_SIDE, Math.ceil(side / SIDE_STEP) * SIDE_STEP);
  const [height = least, width = least] = fixed.map(([size]) => size);
  if ([height, width].every((size) => size >= 1 && size <= MAX_SIDE)) return [height, width];
  throw new LacunaError({
    where,
    what: 'the frames of this file are too large',
    got: `${height} x ${width}`,
    expected: `sides of at most ${MAX_SIDE}`,
  });
}

/** Whether an extent is this number, or left open. */
function may(extent: number | string | undefined, value: number): boolean {
  return extent === value || !known(extent);
}

function known(extent: number | string | undefined): extent is number {
  return typeof extent === 'number' && extent >= 0;
}
