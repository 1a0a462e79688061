import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { HostTensor } from '../../core/backend.js';
import { printProgram } from '../../core/text/print.js';
import { encodeSafetensors } from '../../formats/safetensors/safetensors-bytes.js';
import type { FunctionCall } from '../../protocol/function-call.js';
import { CONTRACTS, type NumericContract } from '../../spec/contracts/index.js';
import { SPEC_VERSION } from '../../spec/version.js';
import { formatAddress } from '../address.js';
import type { Case } from '../case.js';
import type { Check } from '../check.js';
import { caseInRange } from '../in-range.js';

export interface ExportOptions {
  /** Those of them that are made of cases are exported. */
  readonly checks: readonly Check[];
  /** Cases of each. @defaultValue 5 */
  readonly cases?: number;
  /** What the cases are drawn from. @defaultValue 1 */
  readonly seed?: number;
  /** What the bounds allow. @defaultValue 'f32-ieee' */
  readonly contract?: NumericContract;
}

/** A vector, as `index.json` lists it. */
export interface VectorEntry {
  readonly file: string;
  readonly check: string;
  readonly address: string;
  readonly level: number;
  readonly clauses: readonly string[];
  readonly call?: FunctionCall;
  /** The file of the text of the program that is another way to compute it. */
  readonly program?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The element type of each output. */
  readonly types: Readonly<Record<string, string>>;
}

const README = `# Test vectors

Data and legal results of the functions and operations of the specification; no code is needed
to use them beside a reader of safetensors and JSON.

\`index.json\` has \`spec\` (version), \`contract\` (numeric contract of the bounds) and \`vectors\`: each with
\`file\`, the ids of its \`clauses\`, \`call\` (function and attributes) or \`program\` (the file of its text) or
both, and the names of \`inputs\` and \`outputs\`. The safetensors file of a vector holds

- \`input.NAME\`: what to compute from;
- \`value.NAME\`: the result in float64, \`low.NAME\` and \`high.NAME\`: what a correct implementation stays
  within, ends included, element by element; where low is -inf and high is inf anything will do, and
  where all three are NaN the result is NaN;
- \`exact.NAME\` in place of the three: integers and bools, which must be equal, but where
  \`unsure.NAME\` (where there is one) is 1.

The type of an output is in \`types\` of its entry. \`address\` names the case in the suite.
`;

/** Writes vectors, their index and a README to a folder that is made. */
export async function exportVectors(
  folder: string,
  { checks, cases = 5, seed = 1, contract = 'f32-ieee' }: ExportOptions,
): Promise<readonly VectorEntry[]> {
  await mkdir(folder, { recursive: true });
  const entries: VectorEntry[] = [];
  for (const { id, level, clauses, family } of checks) {
    if (family === undefined) continue;
    const drawn = fc.sample(family.parameters, { seed, numRuns: cases });
    for (const [index, parameters] of drawn.entries()) {
      const made = caseInRange(family, parameters, contract);
      const stem = `${id.replaceAll('/', '-')}-${index}`;
      const about = { check: id, address: formatAddress(id, parameters), level, clauses };
      entries.push(...(await writeCase(folder, stem, made, contract, about)));
    }
  }
  const index = { format: 'lacuna-vectors/1', spec: SPEC_VERSION, contract, vectors: entries };
  await writeFile(join(folder, 'index.json'), `${JSON.stringify(index, null, 1)}\n`);
  await writeFile(join(folder, 'README.md'), README);
  return entries;
}

async function writeCase(
  folder: string,
  stem: string,
  { program, call, runs, expected }: Case,
  contract: NumericContract,
  about: Pick<VectorEntry, 'check' | 'address' | 'level' | 'clauses'>,
): Promise<readonly VectorEntry[]> {
  const text = program === undefined ? {} : { program: `${stem}.txt` };
  if (program !== undefined) await writeFile(join(folder, `${stem}.txt`), printProgram(program));
  const entries: VectorEntry[] = [];
  for (const [run, inputs] of runs.entries()) {
    const tensors = new Map<string, HostTensor>();
    for (const [name, tensor] of Object.entries(inputs)) tensors.set(`input.${name}`, tensor);
    const types: Record<string, string> = {};
    for (const [name, allowed] of Object.entries(expected(inputs, CONTRACTS[contract]))) {
      const { dtype, shape } = allowed;
      types[name] = dtype;
      if ('value' in allowed) {
        for (const end of ['value', 'low', 'high'] as const) {
          tensors.set(`${end}.${name}`, { dtype: 'f64', shape, data: allowed[end] });
        }
      } else {
        tensors.set(`exact.${name}`, { dtype, shape, data: allowed.data });
        const { unsure } = allowed;
        if (unsure !== undefined)
          tensors.set(`unsure.${name}`, { dtype: 'u8', shape, data: unsure });
      }
    }
    const file = `${stem}-${run}.safetensors`;
    await writeFile(join(folder, file), encodeSafetensors(tensors));
    const names = { inputs: Object.keys(inputs), outputs: Object.keys(types), types };
    entries.push({ file, ...about, ...(call === undefined ? {} : { call }), ...text, ...names });
  }
  return entries;
}
