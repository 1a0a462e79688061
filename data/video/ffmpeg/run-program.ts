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
): Promise<ProgramResult> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  let bytes = 0;
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) {
      bytes = maxBytes;
      child.kill('SIGKILL');
    }
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    complaint = (complaint + text).slice(-MAX_COMPLAINT_LENGTH);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const output = Buffer.alloc(bytes);
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(output, offset);
  return { output, complaint: complaint.trim().split('\n').at(-1) ?? '', exitCode };
}
