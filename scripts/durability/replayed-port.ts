import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { CHECKS, portOf } from '../../conformance/index.js';
import { runOnce } from '../../conformance/subject.js';
import type { Backend, Executable, HostTensor, Named } from '../../core/backend.js';
import { parseProgram } from '../../core/index.js';
import { PROTOCOL, type Request, type TensorHeader } from '../../protocol/messages.js';
import { type Answer, PortChannel, type PortConnection } from '../../protocol/port-channel.js';
import { PortSession } from '../../protocol/port-session.js';
import { decodeTensor, encodeTensors } from '../../protocol/tensor-frames.js';
import { LacunaError } from '../../spec/index.js';

/** What the port is asked after the test of its protocol layer: programs that read two types. */
const CHECK = CHECKS.find(({ id }) => id === 'primitive/select');
/** Seconds for an answer, which comes from this process: at once, or not at all. */
const DEADLINE = 0.02;

/** Writes what a port answers that computes with a backend and keeps the protocol, a file an answer. */
export async function hearPort(folder: string, backend: Backend): Promise<void> {
  mkdirSync(folder);
  const programs = new Map<number, Executable>();
  let answers = 0;
  await judge({
    ...ENDED,
    exchange: async (request, frames) => {
      const answer = await honest(request, frames, backend, programs);
      writeFileSync(join(folder, nameOf(answers++)), bytesOf(answer));
      return answer;
    },
  });
}

/**
 * Judges a port that answers what lies in the folder; in this process, since to start a program for
 * each would take longer than all the rest.
 *
 * @throws LacunaError where it does not pass.
 */
export async function replayPort(folder: string): Promise<void> {
  const output = new PassThrough();
  let answers = 0;
  const input = new Writable({
    write: (chunk: Buffer, _, done) => {
      // A request is a line that begins so; its frames follow.
      if (chunk.toString('latin1', 0, 8) === '{"type":') {
        const bytes = answerIn(folder, answers++);
        if (bytes === undefined) output.end();
        else output.write(bytes);
      }
      done();
    },
  });
  const channel = new PortChannel(input, output);
  await judge({ ...ENDED, exchange: (...asked) => channel.exchange(...asked) });
}

/** There is no process to end. */
const ENDED = { bye: async (): Promise<void> => {}, kill: async (): Promise<void> => {} };

async function judge(connection: PortConnection): Promise<void> {
  const options = { deadline: DEADLINE, startDeadline: DEADLINE, patience: 1 };
  const port = await portOf(new PortSession(async () => connection, options));
  const found = await CHECK?.run(port, { cases: 2 });
  await port.close();
  if (found?.verdict === 'pass') return;
  throw new LacunaError({ where: 'port', what: found?.failure?.what ?? `it is ${found?.verdict}` });
}

/** What an honest port answers. */
async function honest(
  request: Request,
  frames: readonly Uint8Array[],
  backend: Backend,
  programs: Map<number, Executable>,
): Promise<Answer> {
  switch (request.type) {
    case 'hello': {
      const { name, version, device, contract, deterministic, claims } = backend.info;
      const own = { name, version, device, contract, deterministic, claims: [...claims] };
      const can = { functions: [], floats: ['f32' as const], capabilities: ['program' as const] };
      return { reply: { type: 'hello', protocol: PROTOCOL, ...own, ...can }, tensors: {} };
    }
    case 'echo':
      return resultOf(request.id, tensorsOf(request.tensors, frames));
    case 'compile': {
      const text = Buffer.concat(frames).toString('latin1');
      programs.set(request.program, await backend.compile(parseProgram(text)));
      return resultOf(request.id, {});
    }
    case 'run': {
      const program = programs.get(request.program);
      if (program === undefined) throw new Error(`there is no program ${request.program}`);
      const inputs = tensorsOf(request.tensors, frames);
      return resultOf(request.id, await runOnce(backend, program, inputs));
    }
    case 'raise':
      return {
        reply: { type: 'error', id: request.id, message: request.message },
        tensors: {},
      };
    case 'call':
      return { reply: { type: 'unsupported', id: request.id, reason: 'unknown' }, tensors: {} };
    case 'release':
      return resultOf(request.id, {});
    case 'upload':
    case 'download':
    case 'free':
    case 'execute':
      throw new Error('it keeps no tensors');
    case 'bye':
      throw new Error('nobody says bye to it');
  }
}

function tensorsOf(
  headers: readonly TensorHeader[],
  frames: readonly Uint8Array[],
): Named<HostTensor> {
  return Object.fromEntries(
    headers.map((header, i) => [header.name, decodeTensor(header, frames[i] ?? new Uint8Array())]),
  );
}

function resultOf(id: number, tensors: Named<HostTensor>): Answer {
  return { reply: { type: 'result', id, tensors: encodeTensors(tensors).headers }, tensors };
}

function bytesOf({ reply, tensors }: Answer): Uint8Array {
  const line = Buffer.from(`${JSON.stringify(reply)}\n`);
  return Buffer.concat([line, ...encodeTensors(tensors).frames]);
}

function nameOf(answer: number): string {
  return `answer-${String(answer).padStart(2, '0')}`;
}

/** The bytes of an answer; undefined where there is no such file. */
function answerIn(folder: string, answer: number): Buffer | undefined {
  try {
    return readFileSync(join(folder, nameOf(answer)));
  } catch {
    return undefined;
  }
}
