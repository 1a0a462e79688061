import type {
  Backend,
  BackendInfo,
  CompileOptions,
  DeviceTensor,
  Executable,
  HostTensor,
  Named,
} from '../../core/backend.js';
import { checkedDonations, checkedInputs, requireFilled } from '../../core/check-run.js';
import { type HeldTensor, LiveTensors } from '../../core/held-tensor.js';
import { expand } from '../../core/passes/expand.js';
import { declarations } from '../../core/passes/rewrite.js';
import { printProgram } from '../../core/text/print.js';
import { Breakdown, PortLost, type PortSession } from '../../protocol/index.js';
import { LacunaError } from '../../spec/errors.js';
import type { Program, TensorType } from '../../spec/program/index.js';

/** What a question to the process may be: as the protocol has it. */
type Question = Parameters<PortSession['ask']>[0];

/** What an error of XLA itself says: of several processes, it may be the end of another. */
export const XLA_FAILED = 'XLA failed';

/** A tensor that the process keeps, under this number. */
type XlaTensor = HeldTensor<number>;

/**
 * Executes programs with XLA in a process of Python, which keeps state, programs and results; only
 * feeds, metrics and numbers of tensors travel. The process is one: when it ends, all is lost, and whoever asks
 * for more is told why.
 */
export class XlaBackend implements Backend {
  readonly info: BackendInfo;
  readonly #session: PortSession;
  readonly #live: LiveTensors<number>;
  /** Tensors that the process may forget, and is told of with the next request. */
  readonly #freed: number[] = [];
  #next = 0;
  #lost: LacunaError | undefined;

  /** @param session Of a process that said hello; it is started once only. */
  constructor(info: BackendInfo, session: PortSession) {
    this.info = info;
    this.#session = session;
    this.#live = new LiveTensors(info.name, (handle) => this.#freed.push(handle));
  }

  get liveTensors(): number {
    return this.#live.size;
  }

  async compile(program: Program, options: CompileOptions = {}): Promise<Executable> {
    const start = performance.now();
    const donate = checkedDonations(program, options.donate);
    const types = declarations(program);
    const outputs = program.outputs.map(({ name, value }) => {
      const { dtype, shape } = types.get(value) as TensorType;
      return { name, dtype, shape };
    });
    const number = this.#number();
    const { claims, devices = 1 } = this.info;
    const text = printProgram(expand(program, (name) => claims.includes(name)));
    const places = program.inputs.flatMap(({ name }, place) => (name in donate ? [place] : []));
    const isRows = (name: string): boolean => options.rows?.includes(name) === true;
    const rows = program.inputs.flatMap(({ name }, place) => (isRows(name) ? [place] : []));
    const shared = options.rows === undefined || devices === 1 ? {} : { rows };
    const question = { type: 'compile', program: number, text, donate: places, ...shared } as const;
    await this.#ask(question, program.name);
    let disposed = false;
    return {
      program,
      compileSeconds: (performance.now() - start) / 1000,
      run: async (inputs) => {
        if (disposed) {
          throw new LacunaError({ where: program.name, what: 'the executable was disposed of' });
        }
        const given = checkedInputs(program, donate, inputs, this.#live.isOwn);
        return this.#run(program, number, given, donate, outputs);
      },
      dispose: async () => {
        if (disposed) return;
        disposed = true;
        if (this.#lost === undefined) await this.#ask({ type: 'release', program: number });
      },
    };
  }

  async upload(tensor: HostTensor, rows?: number): Promise<DeviceTensor> {
    requireFilled(tensor, this.info.name);
    const { dtype, shape } = tensor;
    const { devices = 1, processes = 1 } = this.info;
    const handle = this.#number();
    if (rows === undefined || devices === 1) {
      await this.#ask({ type: 'upload' }, undefined, { [handle]: tensor });
      return this.#live.keep({ dtype, shape }, handle);
    }
    const [own = 0, ...rest] = shape;
    if (own * processes !== rows || rows % devices !== 0) {
      throw new LacunaError({
        where: this.info.name,
        what: 'the rows of this process are not its part of the batch',
        got: `${own} rows of ${rows}`,
        expected: `a ${processes}-th, and a multiple of the devices of all, ${devices}`,
      });
    }
    await this.#ask({ type: 'upload', rows: true }, undefined, { [handle]: tensor });
    return this.#live.keep({ dtype, shape: [rows, ...rest] }, handle);
  }

  async download(tensor: DeviceTensor): Promise<HostTensor> {
    const { dtype, shape, memory } = this.#live.own(tensor);
    const tensors = await this.#ask({ type: 'download', handles: [memory] });
    const { data } = tensors[memory] ?? {};
    if (data === undefined) throw this.#error(XLA_FAILED, `no tensor ${memory}`);
    return { dtype, shape, data };
  }

  release(tensor: DeviceTensor): void {
    this.#live.own(tensor).end('released');
  }

  async dispose(): Promise<void> {
    this.#live.releaseAll();
    this.#lost ??= new LacunaError({ where: this.info.name, what: 'the backend was disposed of' });
    await this.#session.close();
  }

  async #run(
    program: Program,
    number: number,
    given: ReadonlyMap<string, XlaTensor>,
    donate: Named<string>,
    outputs: readonly (TensorType & { readonly name: string })[],
  ): Promise<Named<DeviceTensor>> {
    // A handle that was released is refused here, before anything runs.
    const inputs = program.inputs.map(({ name }) => (given.get(name) as XlaTensor).memory);
    const donated = Object.keys(donate).flatMap((name) => given.get(name)?.take('donated') ?? []);
    const handles = outputs.map(() => this.#number());
    const question = { type: 'execute', program: number, inputs, donated } as const;
    await this.#ask({ ...question, outputs: handles }, program.name);
    return Object.fromEntries(
      outputs.map(({ name, ...type }, i) => [name, this.#live.keep(type, handles[i] as number)]),
    );
  }

  /** @throws LacunaError with the sentence of the process where it refuses or fails. */
  async #ask(
    question: Question,
    where?: string,
    tensors?: Named<HostTensor>,
  ): Promise<Named<HostTensor>> {
    if (this.#lost !== undefined) throw this.#lost;
    // In one turn, so that nothing that is asked later comes between.
    const handles = this.#freed.splice(0);
    const freed = handles.length === 0 ? undefined : this.#session.ask({ type: 'free', handles });
    const asked = this.#session.ask(question, tensors);
    try {
      const [{ reply, tensors: results }] = await Promise.all([asked, freed]);
      if (reply.type === 'unsupported')
        throw this.#error('XLA does not run it', reply.reason, where);
      if (reply.type === 'error') throw this.#error(XLA_FAILED, reply.message, where);
      return results;
    } catch (error) {
      if (!(error instanceof Breakdown || error instanceof PortLost)) throw error;
      this.#lost ??= this.#error('the process that runs XLA is lost', error.message, where);
      throw this.#lost;
    }
  }

  #error(what: string, got: string, where: string = this.info.name): LacunaError {
    return new LacunaError({ where, what, got: got.trim() });
  }

  #number(): number {
    return this.#next++;
  }
}
