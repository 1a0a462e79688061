import { spawn } from 'node:child_process';

/** What a program wrote and how it ended. */
export interface ProgramResult {
  /** At most the number of bytes that the caller asked for. */
  readonly output: Buffer<ArrayBuffer>;
  /** The last line of its error output, or an empty string. */
  readonly complaint: string;
  readonly exitCode: number | null;
}

const MAX_COMPLAINT_LENGTH = 4096;

/**
 * Runs a program and collects what it writes, up to `maxBytes`; a program that writes more is
 * stopped.
 *
 * @throws the system's error when the program cannot be started.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  maxBytes: number,
  onErrorLine?: (line: string) => boolean,
): Promise<ProgramResult> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const ended = await watchProgram(program, args, {
    ...(onErrorLine === undefined ? {} : { onErrorLine }),
    onOutput: (chunk) => {
      chunks.push(chunk.subarray(0, maxBytes - bytes));
      bytes += chunk.length;
      if (bytes <= maxBytes) return true;
      bytes = maxBytes;
      return false;
    },
  });
  const output = Buffer.alloc(bytes);
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(output, offset);
  return { output, ...ended };
}

/** Who is told what a program writes, piece by piece. False ends the program. */
export interface ProgramWatch {
  readonly onOutput?: (chunk: Buffer) => boolean;
  /** Is told of each whole line of its error output. */
  readonly onErrorLine?: (line: string) => boolean;
}

/**
 * Runs a program and keeps nothing of what it writes.
 *
 * @throws the system's error when the program cannot be started.
 */
export async function watchProgram(
  program: string,
  args: readonly string[],
  { onOutput, onErrorLine }: ProgramWatch,
): Promise<Omit<ProgramResult, 'output'>> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    if (onOutput?.(chunk) === false) child.kill('SIGKILL');
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    const lines = (complaint + text).split('\n');
    complaint = (complaint + text).slice(-MAX_COMPLAINT_LENGTH);
    if (onErrorLine === undefined) return;
    complaint = lines.pop()?.slice(-MAX_COMPLAINT_LENGTH) ?? '';
    if (!lines.every(onErrorLine)) child.kill('SIGKILL');
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { complaint: complaint.trim().split('\n').at(-1) ?? '', exitCode };
}
