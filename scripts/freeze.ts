import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_CHECKS, parseAddress } from '../conformance/index.js';
import { freeze } from '../conformance/vectors/frozen.js';

/**
 * Freezes the case of an address, as a failure prints it, so that it rides in every run:
 *
 *   npx tsx scripts/freeze.ts NAME 'ADDRESS' 'what was wrong'
 */
const [name = '', address = '', found = ''] = process.argv.slice(2);
const { id, parameters } = parseAddress(address);
const check = ALL_CHECKS.find((each) => each.id === id);
if (check?.family === undefined || !/^[a-z0-9-]+$/.test(name) || found === '') {
  console.error("npx tsx scripts/freeze.ts NAME 'ADDRESS' 'what was wrong'");
  process.exit(2);
}
const { level, clauses, family } = check;
const text = freeze(family.make(parameters), { found, level, clauses, address });
const folder = join(import.meta.dirname, '..', 'conformance', 'vectors', 'frozen');
writeFileSync(join(folder, `${name}.json`), text);
console.log(
  `conformance/vectors/frozen/${name}.json: ${text.length} characters; now npx biome format --write it`,
);
