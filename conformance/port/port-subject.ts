import type { HostTensor, Named } from '../../core/backend.js';
import { Breakdown } from '../../protocol/breakdown.js';
import type { FunctionCall, FunctionName } from '../../protocol/function-call.js';
import type { PortHello } from '../../protocol/messages.js';
import { PortBackend, requireNames } from '../../protocol/port-backend.js';
import { PortProcess } from '../../protocol/port-process.js';
import { type PortOptions, PortSession } from '../../protocol/port-session.js';
import { smokeTest } from '../../protocol/smoke-test.js';
import { splitCommand } from '../../protocol/split-command.js';
import { LacunaError } from '../../spec/errors.js';
import { isResultOf } from '../functions/signatures.js';
import { backendSubject, type Opened, type Subject } from '../subject.js';

/** A program in any language behind the process protocol, as a subject. */
export interface Port extends Subject {
  /** The functions that it says to have. */
  readonly functions: readonly FunctionName[];
  close(): Promise<void>;
}

export interface OpenPortOptions extends PortOptions {
  /** The folder that it is started in. @defaultValue the current one */
  readonly folder?: string;
}

/**
 * Starts a port and tests the protocol layer before anything is judged.
 *
 * @param command Its command line, split at spaces and quotes; no shell reads it.
 * @throws HarnessInvalid where the port does not start or its protocol layer is wrong.
 */
export async function openPort(command: string, options: OpenPortOptions = {}): Promise<Port> {
  const { folder, ...rest } = options;
  const words = splitCommand(command);
  return portOf(new PortSession(() => PortProcess.start(words, folder), rest));
}

/** The port of a session, which is closed where its protocol layer is wrong. @throws HarnessInvalid */
export async function portOf(session: PortSession): Promise<Port> {
  try {
    await smokeTest(session);
    return portSubject(await session.hello(), session);
  } catch (error) {
    await session.close();
    throw error;
  }
}

function portSubject(hello: PortHello, session: PortSession): Port {
  const { name, version, device, contract, deterministic, claims, functions, floats } = hello;
  const float64 =
    floats.includes('f32') && floats.includes('f64') ? { float64: true as const } : {};
  const info = { name, version, device, contract, deterministic, claims, ...float64 };
  const programs = hello.capabilities.includes('program')
    ? new PortBackend({ ...info, residency: 'host' }, session)
    : undefined;
  const open: Subject['open'] = async (drawn) => {
    const missing = missingFloat(drawn.runs, floats);
    if (missing !== undefined) return `the port does not take ${missing}`;
    if (drawn.call !== undefined) return openCall(drawn.call, functions, session);
    if (programs === undefined) return 'the port does not run programs';
    return backendSubject(programs).open(drawn);
  };
  return {
    info,
    functions,
    ...(programs === undefined ? {} : { backend: programs }),
    open,
    close: () => session.close(),
  };
}

/** The function of a case, where the port has it. */
function openCall(
  call: FunctionCall,
  functions: readonly FunctionName[],
  session: PortSession,
): Opened | string {
  if (!functions.includes(call.function)) return `the port does not declare ${call.function}`;
  const run: Opened['run'] = async (inputs) => {
    const { reply, tensors } = await session.ask({ type: 'call', ...call }, inputs);
    if (reply.type === 'unsupported') {
      throw new LacunaError({ where: call.function, what: reply.reason });
    }
    if (reply.type === 'error') throw new Breakdown(`the port reports: ${reply.message}`);
    requireNames(tensors, (name) => isResultOf(call.function, name));
    return tensors;
  };
  return { run, close: async () => {} };
}

/** The first float type of the inputs that the port does not take. */
function missingFloat(
  runs: readonly Named<HostTensor>[],
  floats: readonly string[],
): string | undefined {
  return runs
    .flatMap((inputs) => Object.values(inputs))
    .map(({ dtype }) => dtype)
    .find((dtype) => (dtype === 'f64' || dtype === 'f32') && !floats.includes(dtype));
}
