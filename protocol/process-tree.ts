import { readdirSync, readFileSync } from 'node:fs';

/** The variable that every process of one start of a port inherits, with a value of that start alone. */
export const MARK_NAME = 'LACUNA_PORT_START';

/** Passes over the list of processes: what was started during one is found in the next. */
const PASSES = 3;

/**
 * Ends a process that leads a group, the others of the group, and, on Linux, whatever else carries
 * its mark: a child that made a group or a session of its own. One that did so and emptied its
 * environment, too, is not found.
 *
 * @param mark The value of `MARK_NAME` in the environment that the process was given.
 */
export function endTree(leader: number | undefined, mark: string): void {
  if (leader !== undefined) end(process.platform === 'win32' ? leader : -leader);
  for (let pass = 0; pass < PASSES; pass++) {
    const found = marked(mark);
    if (found.length === 0) return;
    found.forEach(end);
  }
}

/** The processes that carry a mark, by number; none where there is no /proc. */
function marked(mark: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const entry = `${MARK_NAME}=${mark}\0`;
  return namesIn('/proc')
    .map(Number)
    .filter((id) => Number.isInteger(id) && id !== process.pid)
    .filter((id) => environmentOf(id).includes(entry));
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Empty where the process is gone or another user's. */
function environmentOf(id: number): string {
  try {
    return readFileSync(`/proc/${id}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function end(id: number): void {
  try {
    process.kill(id, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}
