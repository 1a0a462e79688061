import type { HostTensor, Named } from '../core/backend.js';
import { LacunaError } from '../spec/errors.js';
import { formatType, sameShape } from '../spec/program/index.js';
import { Breakdown, PortLost } from './breakdown.js';
import type { PortSession } from './port-session.js';

/** The protocol layer of a port, or the harness, is wrong: nothing was judged. */
export class HarnessInvalid extends LacunaError {
  override readonly name: string = 'HarnessInvalid';
}

/** Extremes of each type, in shapes with and without elements. */
const SAMPLES: Readonly<Record<'f64' | 'f32' | 'i32' | 'u8' | 'bool', HostTensor['data']>> = {
  f64: Float64Array.of(0, -0, 1, -1.5, 2 ** -1074, Number.MAX_VALUE, Infinity, -Infinity, NaN),
  f32: Float32Array.of(0, -0, 1, -1.5, 2 ** -149, 2 ** 127, Infinity, -Infinity, NaN),
  i32: Int32Array.of(0, 1, -1, 10, 13, 2 ** 31 - 1, -(2 ** 31)),
  u8: Uint8Array.of(0, 1, 10, 13, 127, 128, 255),
  bool: Uint8Array.of(0, 1, 1, 0),
};

/**
 * Judges the harness before the implementation: tensors of each type come back bit for bit (a NaN
 * as some NaN), an error is reported as one, and a function that nobody has is refused.
 *
 * @throws HarnessInvalid that says what is wrong.
 */
export async function smokeTest(session: PortSession): Promise<void> {
  try {
    const wrong = await findFault(session);
    if (wrong !== undefined) throw invalid(wrong);
  } catch (error) {
    if (error instanceof Breakdown || error instanceof PortLost) throw invalid(error.message);
    throw error;
  }
}

function invalid(what: string): HarnessInvalid {
  return new HarnessInvalid({
    where: 'smoke test',
    what: `the harness or the port's protocol layer is wrong: ${what}`,
    fix: 'Nothing was judged. docs/protocol.md describes the messages.',
  });
}

async function findFault(session: PortSession): Promise<string | undefined> {
  const { floats } = await session.hello();
  const sent: Record<string, HostTensor> = {};
  for (const [name, data] of Object.entries(SAMPLES) as [
    keyof typeof SAMPLES,
    HostTensor['data'],
  ][]) {
    if ((name === 'f64' || name === 'f32') && !floats.includes(name)) continue;
    sent[`${name}.all`] = { dtype: name, shape: [data.length, 1], data };
    sent[`${name}.scalar`] = { dtype: name, shape: [], data: data.slice(2, 3) };
    sent[`${name}.empty`] = { dtype: name, shape: [2, 0, 3], data: data.slice(0, 0) };
  }
  const echo = await session.ask({ type: 'echo' }, sent);
  if (echo.reply.type !== 'result') return `echo is answered with ${echo.reply.type}`;
  const different = firstDifference(sent, echo.tensors);
  if (different !== undefined) return `echo: ${different}`;

  const nothing = await session.ask({ type: 'echo' });
  if (nothing.reply.type !== 'result' || Object.keys(nothing.tensors).length > 0) {
    return 'echo without tensors gives something';
  }
  const message = 'a deliberate error: "quoted", \\ and \u00e9';
  const { reply: raised } = await session.ask({ type: 'raise', message });
  if (raised.type !== 'error') return `raise is answered with ${raised.type}, not with an error`;
  if (!raised.message.includes(message)) return 'the error does not have the message of raise';

  const unknown = { type: 'call', function: 'smoke.nothing', attributes: {} } as const;
  const { reply: refused } = await session.ask(unknown);
  if (refused.type === 'unsupported') return undefined;
  return `an unknown function is answered with ${refused.type}, not with unsupported`;
}

function firstDifference(sent: Named<HostTensor>, back: Named<HostTensor>): string | undefined {
  for (const [name, tensor] of Object.entries(sent)) {
    const got = back[name];
    if (got === undefined) return `${name} does not come back`;
    if (got.dtype !== tensor.dtype || !sameShape(got.shape, tensor.shape)) {
      return `${name} comes back as ${formatType(got)}, was ${formatType(tensor)}`;
    }
    const at = tensor.data.findIndex((value: number, i: number) => !Object.is(value, got.data[i]));
    if (at !== -1) return `${name}[${at}] comes back as ${got.data[at]}, was ${tensor.data[at]}`;
  }
  const extra = Object.keys(back).find((name) => sent[name] === undefined);
  return extra === undefined ? undefined : `${extra} was never sent`;
}
