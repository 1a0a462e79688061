import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LacunaError } from '../../spec/errors.js';
import { filled, readAction, readWorkflow, type Step } from './read.js';

/** What a run of a workflow is made in, and what came of it. */
export interface WorkflowRun {
  /** A checkout of the repository, into which nothing was installed. */
  readonly workspace: string;
  /** For tools and for what is uploaded. */
  readonly scratch: string;
  readonly environment: Record<string, string | undefined>;
  /** Whether a step has failed. */
  failed: boolean;
  /** Lines that the host would show as annotations. */
  readonly annotations: string[];
  /** Names of what was uploaded. */
  readonly uploaded: string[];
}

/** Stand-ins for the actions of others: what is left of them on a machine that is no runner. */
const ACTIONS: Readonly<Record<string, (run: WorkflowRun, given: Record<string, string>) => void>> =
  {
    // The workspace is one already.
    'actions/checkout': () => {},
    'actions/setup-node': (_, { 'node-version': wanted = '' }) => {
      const found = Number(process.versions.node.split('.')[0]);
      if (found < Number(wanted))
        throw new LacunaError({ what: 'Node is too old', got: `${found}` });
    },
    'actions/setup-python': (run) => {
      const folder = join(run.scratch, 'python');
      execute(run, ['python3', '-m', 'venv', folder], run.workspace);
      run.environment.PATH = `${join(folder, 'bin')}:${run.environment.PATH}`;
    },
    'github/codeql-action/upload-sarif': (run, { sarif_file: file = '' }) => upload(run, file),
    'actions/upload-artifact': (run, { path = '' }) => upload(run, path),
  };

function upload(run: WorkflowRun, path: string): void {
  const from = join(run.workspace, path);
  if (!existsSync(from)) throw new LacunaError({ where: from, what: 'there is nothing to upload' });
  const folder = join(run.scratch, 'uploaded');
  mkdirSync(folder, { recursive: true });
  cpSync(from, join(folder, basename(path)), { recursive: true });
  run.uploaded.push(basename(path));
}

/** Executes the steps of a workflow of the workspace as a runner does: after a failure those that always run. */
export function runWorkflow(path: string, run: WorkflowRun): void {
  runSteps(readWorkflow(path), run, { 'github.workspace': run.workspace });
}

function runSteps(steps: readonly Step[], run: WorkflowRun, values: Record<string, string>): void {
  for (const step of steps) {
    if (run.failed && step.if === undefined) continue;
    const { uses, run: script } = step;
    console.log(`--- ${step.name ?? uses ?? 'run'}`);
    const given = Object.fromEntries(
      Object.entries(step.with ?? {}).map(([name, value]) => [name, filled(value, values)]),
    );
    if (uses === './') runAction(run, given);
    else if (uses !== undefined) {
      const action = ACTIONS[uses.split('@')[0] ?? ''];
      if (action === undefined)
        throw new LacunaError({ what: 'nothing stands in for it', got: uses });
      action(run, given);
    } else if (script !== undefined) {
      const own = Object.entries(step.env ?? {}).map(([name, value]) => [
        name,
        filled(value, values),
      ]);
      const folder = filled(step['working-directory'] ?? '.', values);
      const where = folder.startsWith('/') ? folder : join(run.workspace, folder);
      const command = [
        'bash',
        '--noprofile',
        '--norc',
        '-eo',
        'pipefail',
        '-c',
        filled(script, values),
      ];
      if (!execute(run, command, where, Object.fromEntries(own))) run.failed = true;
    }
  }
}

/** The action of the repository itself. */
function runAction(run: WorkflowRun, given: Readonly<Record<string, string>>): void {
  const { inputs, runs } = readAction(join(run.workspace, 'action.yml'));
  const unknown = Object.keys(given).find((name) => inputs[name] === undefined);
  if (unknown !== undefined)
    throw new LacunaError({ what: 'the action has no such input', got: unknown });
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [`inputs.${name}`, given[name] ?? input.default]),
  );
  runSteps(runs.steps, run, {
    ...values,
    'github.action_path': run.workspace,
    'github.workspace': run.workspace,
  });
}

/** Runs a command and takes its annotations, unless commands are stopped; whether it succeeded. */
function execute(
  run: WorkflowRun,
  [program = '', ...rest]: readonly string[],
  cwd: string,
  own: Record<string, string> = {},
): boolean {
  const env = { ...run.environment, ...own };
  const { status, stdout, stderr } = spawnSync(program, rest, { cwd, env, encoding: 'utf8' });
  process.stderr.write(stderr);
  let token: string | undefined;
  for (const line of stdout.split('\n')) {
    console.log(line);
    if (token !== undefined) {
      if (line.trim() === `::${token}::`) token = undefined;
    } else if (line.trim().startsWith('::stop-commands::')) {
      token = line.trim().slice('::stop-commands::'.length);
    } else if (line.trim().startsWith('::error ')) run.annotations.push(line.trim());
  }
  return status === 0;
}
