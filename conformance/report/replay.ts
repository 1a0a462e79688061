import type { CheckReport, ConformanceReport } from './report.js';

/** What a report says of how it was made. */
export type Origin = Pick<ConformanceReport, 'seed' | 'command'>;

/**
 * The one line that shows the failure of a check again; undefined where nothing can be run again.
 * Where the report does not know the command that made it, the seed, id and path that lead to the case.
 */
export function replayLine(
  { id, failure }: Pick<CheckReport, 'id' | 'failure'>,
  { seed, command }: Origin,
): string | undefined {
  if (failure === undefined) return undefined;
  const { address, path, double } = failure;
  if (command === undefined) {
    return path === undefined ? undefined : `replay: seed ${seed}, filter '${id}', path '${path}'`;
  }
  // An address makes its data again; a check without cases draws from the seed.
  const drawn = address === id && seed !== 1 ? ` --seed ${seed}` : '';
  const wide = double === true ? ' --double' : '';
  return `replay: ${command}${drawn}${wide} --replay ${quoted(address)}`;
}

/** A text as one word of a shell, in quotes. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
