import type { HeldTensor } from '../../../core/held-tensor.js';
import type { FunctionName } from '../../../spec/program/index.js';

/** Functions of one number, which TensorFlow.js has by the names of the specification. */
type Functions = { readonly [F in FunctionName]: (x: TfTensor) => TfTensor };

/**
 * The part of TensorFlow.js's public API (4.x) that the adapter calls. `@tensorflow/tfjs-node`,
 * `@tensorflow/tfjs-node-gpu` and `@tensorflow/tfjs-core` with a backend of its own all have it.
 */
export interface Tfjs extends Functions {
  readonly version: Readonly<Record<string, string>> | undefined;
  readonly version_core?: string;

  ready(): Promise<void>;
  setBackend(name: string): Promise<boolean>;
  getBackend(): string;
  backend(): unknown;
  memory(): { readonly numTensors: number; readonly numBytes: number };

  tensor(data: TfData, shape: number[], dtype: TfType): TfTensor;
  clone(x: TfTensor): TfTensor;
  cast(x: TfTensor, dtype: TfType): TfTensor;

  add(a: TfTensor, b: TfTensor): TfTensor;
  sub(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: TfTensor): TfTensor;
  div(a: TfTensor, b: TfTensor): TfTensor;
  minimum(a: TfTensor, b: TfTensor): TfTensor;
  maximum(a: TfTensor, b: TfTensor): TfTensor;
  equal(a: TfTensor, b: TfTensor): TfTensor;
  notEqual(a: TfTensor, b: TfTensor): TfTensor;
  less(a: TfTensor, b: TfTensor): TfTensor;
  lessEqual(a: TfTensor, b: TfTensor): TfTensor;
  greater(a: TfTensor, b: TfTensor): TfTensor;
  greaterEqual(a: TfTensor, b: TfTensor): TfTensor;
  logicalAnd(a: TfTensor, b: TfTensor): TfTensor;
  logicalOr(a: TfTensor, b: TfTensor): TfTensor;
  logicalNot(x: TfTensor): TfTensor;
  where(condition: TfTensor, a: TfTensor, b: TfTensor): TfTensor;

  neg(x: TfTensor): TfTensor;
  isFinite(x: TfTensor): TfTensor;

  sum(x: TfTensor, axes: number[], keep: boolean): TfTensor;
  max(x: TfTensor, axes: number[], keep: boolean): TfTensor;
  matMul(a: TfTensor, b: TfTensor, transposeA: boolean, transposeB: boolean): TfTensor;
  softmax(x: TfTensor, axis: number): TfTensor;

  reshape(x: TfTensor, shape: number[]): TfTensor;
  transpose(x: TfTensor, permutation: number[]): TfTensor;
  broadcastTo(x: TfTensor, shape: number[]): TfTensor;
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  pad(x: TfTensor, amounts: [number, number][], value: number): TfTensor;
  concat(parts: TfTensor[], axis: number): TfTensor;
  gather(x: TfTensor, indices: TfTensor, axis: number): TfTensor;
  scatterND(indices: TfTensor, updates: TfTensor, shape: number[]): TfTensor;
  zeros(shape: number[], dtype: TfType): TfTensor;
  fill(shape: number[], value: number, dtype: TfType): TfTensor;

  readonly fused: {
    matMul(options: {
      readonly a: TfTensor;
      readonly b: TfTensor;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
      readonly bias: TfTensor;
    }): TfTensor;
  };
}

export type TfType = 'float32' | 'int32' | 'bool';
export type TfData = Float32Array | Int32Array | Uint8Array;

/** A tensor that TensorFlow holds, as one of the backend. */
export type TfjsTensor = HeldTensor<TfTensor>;

export interface TfTensor {
  readonly shape: number[];
  readonly dtype: string;
  readonly isDisposed: boolean;
  data(): Promise<TfData>;
  dispose(): void;
}
