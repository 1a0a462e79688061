import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Fixture, parseFixture } from '../../reference/oracle/read-fixture.js';
import { LacunaError } from '../../spec/errors.js';

/** Where fixtures lie, seen from the sources and from the compiled modules. */
const FOLDERS = ['../../reference/oracle/fixtures/', '../../../reference/oracle/fixtures/'];

/**
 * The fixture of a model of real size. Imported when such a check runs: a browser has no files.
 * @throws LacunaError where the file is not there.
 */
export function oracleFixture(name: string): Fixture {
  const file = `${name}.safetensors`;
  for (const folder of FOLDERS) {
    const path = fileURLToPath(new URL(`${folder}${file}`, import.meta.url));
    if (existsSync(path)) return parseFixture(readFileSync(path), file);
  }
  const fix = 'It is part of the repository and of the package: reference/oracle/README.md.';
  throw new LacunaError({ where: file, what: 'the fixture is not here', fix });
}
