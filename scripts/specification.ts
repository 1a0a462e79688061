import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_CHECKS } from '../conformance/index.js';
import { specificationPage } from '../conformance/specification-page.js';

/** Writes docs/specification.md from the clauses: `npx tsx scripts/specification.ts`. */
writeFileSync(
  join(import.meta.dirname, '..', 'docs', 'specification.md'),
  specificationPage(ALL_CHECKS),
);
