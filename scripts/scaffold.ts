import { LacunaError } from '../spec/errors.js';
import { BACKEND } from './scaffold/backend.js';
import { COMPOSITE } from './scaffold/composite.js';
import { LOSS } from './scaffold/loss.js';
import { MASK } from './scaffold/mask.js';
import { PRIMITIVE } from './scaffold/primitive.js';
import { startWalk, type Walk } from './scaffold/walk.js';
import { verifyProject } from './verify-project.js';

/** The walks of CONTRIBUTING.md, begun: `npm run scaffold -- <kind> <name>`. */
const WALKS = new Map<string, Walk>([
  ['primitive', PRIMITIVE],
  ['composite', COMPOSITE],
  ['mask', MASK],
  ['loss', LOSS],
  ['backend', BACKEND],
]);

const [kind = '', name = ''] = process.argv.slice(2);
const walk = WALKS.get(kind);
if (kind === 'verify') {
  const missing = verifyProject();
  console.log(missing.length === 0 ? 'Nothing is missing.' : missing.join('\n'));
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (walk === undefined || !/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  console.error(`usage: npm run scaffold -- ${[...WALKS.keys()].join('|')} <name-in-kebab-case>
       npm run scaffold -- verify`);
  process.exitCode = 1;
} else {
  try {
    console.log(startWalk(walk, name));
  } catch (error) {
    if (!(error instanceof LacunaError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
