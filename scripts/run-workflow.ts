/**
 * Runs ports/workflow.yml here, step by step, in a fresh clone of the last commit, twice: as it stands,
 * where it must pass, and with a mistake planted in the port, where it must fail with an annotation that
 * has the line of the replay. What it uploads is held to the schemas of SARIF 2.1.0 and JUnit where
 * LACUNA_SCHEMAS names a folder with `sarif-2.1.0.json` and `junit.xsd`, and LACUNA_PYTHON a Python with
 * jsonschema and lxml.
 *
 *     npx tsx scripts/run-workflow.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LacunaError } from '../spec/errors.js';
import { runWorkflow, type WorkflowRun } from './workflow/run.js';

const root = join(import.meta.dirname, '..');
/** Half of the gradient. */
const MISTAKE = [
  'ports/python/lacuna_port/losses.py',
  'dtype.type(2 / ',
  'dtype.type(1 / ',
] as const;

const VALIDATE = `
import json, sys, jsonschema, lxml.etree as E
schemas, folder = sys.argv[1:]
load = lambda path: json.load(open(path))
jsonschema.validate(load(folder + "/results.sarif"), load(schemas + "/sarif-2.1.0.json"))
E.XMLSchema(E.parse(schemas + "/junit.xsd")).assertValid(E.parse(folder + "/junit.xml"))
print("results.sarif and junit.xml are valid")
`;

for (const planted of [false, true]) {
  const folder = mkdtempSync(join(tmpdir(), 'lacuna-workflow-'));
  try {
    check(planted, runIn(folder, planted));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
console.log('The workflow passes as it stands, and fails where a mistake is planted.');

function runIn(folder: string, planted: boolean): WorkflowRun {
  const workspace = join(folder, 'workspace');
  const scratch = join(folder, 'scratch');
  mkdirSync(scratch);
  execFileSync('git', ['clone', '--quiet', root, workspace]);
  if (planted) plant(workspace);
  const { LACUNA_PYTHON: _, GITHUB_STEP_SUMMARY: __, ...environment } = process.env;
  const run: WorkflowRun = {
    ...{ workspace, scratch, environment, failed: false },
    ...{ annotations: [], uploaded: [] },
  };
  runWorkflow(join(workspace, 'ports', 'workflow.yml'), run);
  const schemas = process.env.LACUNA_SCHEMAS;
  if (schemas === undefined) console.log('NOT RUN: the schemas (LACUNA_SCHEMAS is not set)');
  else {
    const python = process.env.LACUNA_PYTHON ?? 'python3';
    const uploaded = join(scratch, 'uploaded', 'lacuna-reports');
    execFileSync(python, ['-c', VALIDATE, schemas, uploaded], { stdio: 'inherit' });
  }
  return run;
}

function plant(workspace: string): void {
  const [file, right, wrong] = MISTAKE;
  const path = join(workspace, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(right).length !== 2)
    throw new LacunaError({ where: file, what: 'the line is gone' });
  writeFileSync(path, text.replace(right, wrong));
}

function check(planted: boolean, { failed, annotations, uploaded }: WorkflowRun): void {
  const problems = [
    ...(failed === planted ? [] : [planted ? 'it passes with a mistake' : 'it fails as it stands']),
    ...(uploaded.join() === 'results.sarif,lacuna-reports' ? [] : [`it uploads ${uploaded}`]),
    ...(planted === annotations.some((line) => /%0Areplay: lacuna conform /.test(line))
      ? []
      : [`its annotations are ${annotations.join('\n') || 'none'}`]),
  ];
  if (problems.length > 0)
    throw new LacunaError({ what: 'the workflow is wrong', got: problems.join('; ') });
}
