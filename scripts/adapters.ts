import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAdapterReport } from '../core/measure/adapter-report.js';
import { adaptersMarkdown } from '../core/measure/adapters-markdown.js';

/** Writes docs/adapters.md from reports of the page Measure: `npx tsx scripts/adapters.ts docs/adapters/*.json`. */
const files = process.argv.slice(2);
if (files.length === 0) {
  console.error('Name the reports: npx tsx scripts/adapters.ts docs/adapters/*.json');
  process.exit(2);
}
const reports = files.map((file) => readAdapterReport(readFileSync(file, 'utf8'), file));
writeFileSync(join(import.meta.dirname, '..', 'docs', 'adapters.md'), adaptersMarkdown(reports));
