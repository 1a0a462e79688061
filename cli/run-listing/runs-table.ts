import type { RunsResult, ToldRun } from './runs-result.js';

/** The result as lines for a person: a table of runs, and what their settings differ in. */
export function runsTable({ runs, differences, unreadable }: RunsResult): string {
  const rows = runs.map((run) => [
    run.path,
    run.task,
    run.what,
    run.state,
    `${run.step}/${run.steps}`,
    run.loss === null ? '' : short(run.loss),
    evaluationOf(run),
    run.created.slice(0, 16).replace('T', ' '),
  ]);
  const header = [
    'run',
    'task',
    'what',
    'state',
    'steps',
    'loss',
    'last evaluation',
    'begun (UTC)',
  ];
  const parts = [rows.length === 0 ? 'There is no run.' : columns([header, ...rows])];
  for (const task of new Set(differences.map((each) => each.task))) {
    const own = differences.filter((each) => each.task === task);
    const lines = own.map(({ key, values }) => `  ${key}\n${byValue(values)}`);
    parts.push(`Settings in which the runs of ${task} differ:\n${lines.join('\n')}`);
  }
  if (unreadable.length > 0) {
    parts.push(unreadable.map(({ path, reason }) => `left out: ${path}: ${reason}`).join('\n'));
  }
  return parts.join('\n\n');
}

function evaluationOf({ evaluations }: ToldRun): string {
  return evaluations
    .map(({ evaluator, scores }) => {
      const [name, value] = Object.entries(scores)[0] ?? ['', Number.NaN];
      return `${evaluator} ${name} ${short(value)}`;
    })
    .join(', ');
}

/** Each value once, with the runs that have it. */
function byValue(values: Readonly<Record<string, string | null>>): string {
  const holders = new Map<string, string[]>();
  for (const [path, value] of Object.entries(values)) {
    const text = value ?? '(not set)';
    holders.set(text, [...(holders.get(text) ?? []), path]);
  }
  return [...holders].map(([value, paths]) => `    ${value}: ${paths.join(', ')}`).join('\n');
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths =
    rows[0]?.map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
