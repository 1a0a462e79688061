import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  Executable,
  HostTensor,
  Named,
} from '../core/backend.js';
import { checkedDonations, checkedInputs, requireFilled } from '../core/check-run.js';
import { LiveTensors } from '../core/held-tensor.js';
import { expand } from '../core/passes/expand.js';
import { printProgram } from '../core/text/print.js';
import { LacunaError } from '../spec/errors.js';
import type { Program } from '../spec/program/index.js';
import { Breakdown } from './breakdown.js';
import type { PortSession } from './port-session.js';

/**
 * A port that runs programs, as a backend. Tensors stay in this process until a run, so that
 * handles, donation and release are its own affair and no business of a port.
 */
export class PortBackend implements Backend {
  readonly info: BackendInfo;
  readonly #session: PortSession;
  readonly #live: LiveTensors<HostTensor>;
  #programs = 0;

  constructor(info: BackendInfo, session: PortSession) {
    this.info = info;
    this.#live = new LiveTensors(info.name);
    this.#session = session;
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const start = performance.now();
    const donate = checkedDonations(program, options.donate);
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
      run: (inputs) => this.#run(program, number, started, inputs, donate),
      dispose: async () => {
        if (this.#session.starts !== started) return;
        await this.#session.ask({ type: 'release', program: number });
      },
    };
  }

  async upload(tensor: HostTensor): Promise<DeviceTensor> {
    requireFilled(tensor, this.info.name);
    const { dtype, shape, data } = tensor;
    return this.#live.keep(tensor, { dtype, shape, data: data.slice() });
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const { dtype, shape, memory } = this.#live.own(tensor);
    return { dtype, shape, data: memory.data.slice() };
  }

  release(tensor: DeviceTensor): void {
    this.#live.own(tensor).end('released');
  }

  async dispose(): Promise<void> {
    this.#live.releaseAll();
    await this.#session.close();
  }

  async #run(
    program: Program,
    number: number,
    started: number,
    inputs: Named<DeviceTensor>,
    donate: Named<string>,
  ): Promise<Named<DeviceTensor>> {
    const given = checkedInputs(program, donate, inputs, this.#live.isOwn);
    const sent = Object.fromEntries([...given].map(([name, { memory }]) => [name, memory]));
    for (const name of Object.keys(donate)) given.get(name)?.end('donated');
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
      Object.entries(tensors).map(([name, tensor]) => [name, this.#live.keep(tensor, tensor)]),
    );
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
