import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ALL_CHECKS } from '../conformance/index.js';
import { sizesPage } from '../conformance/sizes-page.js';

/** Writes docs/sizes.md from the cases: `npx tsx scripts/sizes.ts`. */
writeFileSync(join(import.meta.dirname, '..', 'docs', 'sizes.md'), sizesPage(ALL_CHECKS));
