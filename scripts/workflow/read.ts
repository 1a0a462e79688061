import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { LacunaError } from '../../spec/errors.js';

const words = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean()]).transform(String),
);
const step: z.ZodType<Step> = z.strictObject({
  name: z.string().optional(),
  if: z.literal('always()').optional(),
  uses: z.string().optional(),
  with: words.optional(),
  shell: z.literal('bash').optional(),
  'working-directory': z.string().optional(),
  env: words.optional(),
  run: z.string().optional(),
});

/** A step of a workflow or of a composite action: what this project's files use, and nothing else. */
export interface Step {
  readonly name?: string | undefined;
  readonly if?: 'always()' | undefined;
  readonly uses?: string | undefined;
  readonly with?: Readonly<Record<string, string>> | undefined;
  readonly shell?: 'bash' | undefined;
  readonly 'working-directory'?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly run?: string | undefined;
}

/** A composite action, as far as it is executed here. */
export interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: { readonly steps: readonly Step[] };
}

const WORKFLOW = z.object({
  jobs: z.record(z.string(), z.object({ steps: z.array(step) })),
});

const ACTION: z.ZodType<Action> = z.object({
  inputs: z.record(z.string(), z.object({ description: z.string(), default: z.string() })),
  runs: z.object({ using: z.literal('composite'), steps: z.array(step) }),
});

/** The steps of the one job of a workflow. @throws LacunaError where it has what nothing here executes. */
export function readWorkflow(path: string): readonly Step[] {
  const jobs = Object.values(read(path, WORKFLOW).jobs);
  const [job] = jobs;
  if (job !== undefined && jobs.length === 1) return job.steps;
  throw new LacunaError({
    where: path,
    what: 'a workflow of one job is wanted',
    got: `${jobs.length}`,
  });
}

/** A composite action. @throws LacunaError where it has what nothing here executes. */
export function readAction(path: string): Action {
  return read(path, ACTION);
}

function read<T>(path: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parse(readFileSync(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const got = issue === undefined ? '' : `${issue.path.join('.')}: ${issue.message}`;
  throw new LacunaError({ where: path, what: 'nothing here executes this', got });
}

/** A text with its `${{ name }}` put in. @throws LacunaError for a name that has no value. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{\{\s*([\w.]+)\s*\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined)
      throw new LacunaError({ what: 'an expression has no value', got: name });
    return value;
  });
}
