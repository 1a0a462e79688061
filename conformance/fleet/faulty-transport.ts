import type {
  Backend,
  BackendInfo,
  DeviceTensor,
  Executable,
  HostData,
  HostTensor,
  Named,
} from '../../core/backend.js';
import { float32 } from '../../reference/index.js';
import { isFloat, type Program } from '../../spec/program/index.js';
import type { Fault } from './faulty.js';
import { float32Backend } from './legal.js';

/** Faults on the way between host and device. */
export const TRANSPORT_FAULTS: readonly Fault[] = [
  fault('one element with its sign flipped', 'primitive/add', {
    edit: (data) => {
      const last = data.length - 1;
      if (last >= 0) data[last] = -(data[last] as number);
    },
  }),
  fault('one element wrong by the least that float32 shows', 'primitive/min', {
    edit: (data) => {
      const last = data.length - 1;
      if (last >= 0) data[last] = (data[last] as number) * (1 + 2 ** -23) + 2 ** -149;
    },
  }),
  fault('results transposed', 'primitive/matmul', { edit: transposeLast }),
  fault('the last element never written', 'primitive/exp', {
    edit: (data) => data.fill(0, -1),
  }),
  fault('results of the run before', 'primitive/mul', { stale: true }),
  fault('results that change from run to run', 'primitive/matmul/long', { unsteady: true }),
  fault('inputs of a run never released', 'primitive/neg', { leaking: true }),
];

interface Manipulation {
  readonly edit?: (data: HostData, shape: readonly number[]) => void;
  readonly stale?: boolean;
  readonly unsteady?: boolean;
  readonly leaking?: boolean;
}

function fault(name: string, foundBy: string, manipulation: Manipulation): Fault {
  return { name, foundBy, open: () => new Manipulated(name, manipulation) };
}

/** A legal backend with hands on what goes in and out. */
class Manipulated implements Backend {
  readonly #inner: Backend;
  readonly #how: Manipulation;
  #downloads = 0;

  constructor(name: string, how: Manipulation) {
    this.#inner = float32Backend(name, float32({ summation: 'sequential' }));
    this.#how = how;
  }

  get info(): BackendInfo {
    return this.#inner.info;
  }

  get liveTensors(): number {
    return this.#inner.liveTensors;
  }

  async compile(program: Program): Promise<Executable> {
    const executable = await this.#inner.compile(program);
    if (this.#how.stale !== true) return executable;
    let first: Named<HostTensor> | undefined;
    const run: Executable['run'] = async (inputs) => {
      const outputs = await executable.run(inputs);
      const fresh = await mapNamed(outputs, (tensor) => this.#inner.download(tensor));
      const previous = first ?? fresh;
      first = fresh;
      for (const tensor of Object.values(outputs)) this.#inner.release(tensor);
      return mapNamed(previous, (tensor) => this.#inner.upload(tensor));
    };
    return { ...executable, run };
  }

  upload(tensor: HostTensor): Promise<DeviceTensor> {
    return this.#inner.upload(tensor);
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const host = await this.#inner.download(tensor);
    this.#downloads += 1;
    if (isFloat(host.dtype)) this.#how.edit?.(host.data, host.shape);
    if (this.#how.unsteady === true && this.#downloads % 3 === 0) {
      const [value = 0] = host.data;
      host.data[0] = value * (1 + 2 ** -23);
    }
    return host;
  }

  release(tensor: DeviceTensor): void {
    if (this.#how.leaking !== true) this.#inner.release(tensor);
  }

  dispose(): Promise<void> {
    return this.#inner.dispose();
  }
}

async function mapNamed<A, B>(
  named: Named<A>,
  map: (value: A) => Promise<B>,
): Promise<Record<string, B>> {
  const mapped: Record<string, B> = {};
  for (const [name, value] of Object.entries(named)) mapped[name] = await map(value);
  return mapped;
}

/** Puts the matrices of the last two axes down column by column, under their old shape. */
function transposeLast(data: HostData, shape: readonly number[]): void {
  const [rows = 1, columns = 1] = shape.slice(-2);
  const source = data.slice();
  for (let start = 0; start < data.length; start += rows * columns) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        data[start + column * rows + row] = source[start + row * columns + column] as number;
      }
    }
  }
}
