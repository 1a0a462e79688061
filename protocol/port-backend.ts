import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  Executable,
  HostTensor,
  Named,
} from '../core/backend.js';
import { expand } from '../core/passes/expand.js';
import { printProgram } from '../core/text/print.js';
import { LacunaError } from '../spec/errors.js';
import {
  type DType,
  elementCount,
  formatType,
  type Program,
  type Shape,
  sameShape,
} from '../spec/program/index.js';
import { Breakdown } from './breakdown.js';
import type { PortSession } from './port-session.js';

/**
 * A port that runs programs, as a backend. Tensors stay in this process until a run, so that
 * handles, donation and release are its own affair and no business of a port.
 */
export class PortBackend implements Backend {
  readonly info: BackendInfo;
  readonly #session: PortSession;
  readonly #live = new Set<PortTensor>();
  #programs = 0;

  constructor(info: BackendInfo, session: PortSession) {
    this.info = info;
    this.#session = session;
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const start = performance.now();
    const number = this.#programs++;
    const text = printProgram(expand(program, (name) => this.info.claims.includes(name)));
    const { reply } = await this.#session.ask({ type: 'compile', program: number, text });
    if (reply.type === 'unsupported') {
      throw new LacunaError({ where: this.info.name, what: reply.reason });
    }
    if (reply.type === 'error') throw new Breakdown(`the port reports: ${reply.message}`);
    const started = this.#session.starts;
    return {
      program,
      compileSeconds: (performance.now() - start) / 1000,
      run: (inputs) =>
        this.#run(program, number, started, inputs, Object.keys(options.donate ?? {})),
      dispose: async () => {
        if (this.#session.starts !== started) return;
        await this.#session.ask({ type: 'release', program: number });
      },
    };
  }

  async upload({ dtype, shape, data }: HostTensor): Promise<DeviceTensor> {
    if (data.length !== elementCount(shape)) {
      throw new LacunaError({
        what: 'the data of a tensor do not fit its shape',
        got: `${data.length} elements`,
        expected: formatType({ dtype, shape }),
      });
    }
    return this.#keep({ dtype, shape, data: data.slice() });
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const { dtype, shape, host } = this.#own(tensor, 'download');
    return { dtype, shape, data: host.data.slice() };
  }

  release(tensor: DeviceTensor): void {
    if (tensor instanceof PortTensor) this.#live.delete(tensor);
  }

  async dispose(): Promise<void> {
    this.#live.clear();
    await this.#session.close();
  }

  async #run(
    program: Program,
    number: number,
    started: number,
    inputs: Named<DeviceTensor>,
    donated: readonly string[],
  ): Promise<Named<DeviceTensor>> {
    const sent: Record<string, HostTensor> = {};
    for (const declared of program.inputs) {
      const where = `${program.name}: ${declared.name}`;
      const tensor = this.#own(inputs[declared.name], where);
      if (tensor.dtype !== declared.dtype || !sameShape(tensor.shape, declared.shape)) {
        throw new LacunaError({
          where,
          what: 'an input has the wrong type',
          got: formatType(tensor),
          expected: formatType(declared),
        });
      }
      sent[declared.name] = tensor.host;
    }
    for (const name of donated) this.release(inputs[name] as DeviceTensor);
    if (this.#session.starts !== started) {
      throw new Breakdown('the port was started again and has lost this program');
    }
    const { reply, tensors } = await this.#session.ask({ type: 'run', program: number }, sent);
    if (reply.type === 'unsupported') {
      throw new LacunaError({ where: this.info.name, what: reply.reason });
    }
    if (reply.type === 'error') throw new Breakdown(`the port reports: ${reply.message}`);
    const names = program.outputs.map(({ name }) => name);
    requireNames(tensors, (name) => names.includes(name));
    return Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, this.#keep(tensor)]),
    );
  }

  #keep(host: HostTensor): PortTensor {
    const tensor = new PortTensor(host);
    this.#live.add(tensor);
    return tensor;
  }

  #own(tensor: DeviceTensor | undefined, where: string): PortTensor {
    if (tensor instanceof PortTensor && this.#live.has(tensor)) return tensor;
    throw new LacunaError({
      where,
      what:
        tensor === undefined
          ? 'an input is missing'
          : 'a tensor was released, donated, or belongs to another backend',
    });
  }
}

/** @throws Breakdown where a port returns something that was not asked for. */
export function requireNames(
  tensors: Named<HostTensor>,
  isResult: (name: string) => boolean,
): void {
  const stray = Object.keys(tensors).find((name) => !isResult(name));
  if (stray !== undefined) throw new Breakdown(`the port returns ${stray}, which is no result`);
}

class PortTensor implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly host: HostTensor;

  constructor(host: HostTensor) {
    this.dtype = host.dtype;
    this.shape = host.shape;
    this.host = host;
  }
}
