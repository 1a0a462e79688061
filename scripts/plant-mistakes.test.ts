import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Proof, proofPage } from '../conformance/mutants/proof-page.js';
import { mistakesOf, PLANTED_PORTS, planted, plantedCounts, plantedIn } from './plant-mistakes.js';

const root = join(import.meta.dirname, '..');
const listed = [...readdirSync(join(root, 'backends')), ...PLANTED_PORTS].filter((name) =>
  existsSync(join(root, plantedIn(name).list)),
);

describe('planted mistakes', () => {
  it.each(listed)('can all be planted in %s: each text occurs once', (name) => {
    const mistakes = mistakesOf(name);
    for (const mistake of mistakes) {
      const source = readFileSync(join(root, plantedIn(name).folder, mistake.file), 'utf8');
      expect(planted(source, mistake)).not.toBe(source);
    }
    expect(new Set(mistakes.map((mistake) => mistake.name)).size).toBe(mistakes.length);
    expect(mistakes.length).toBeGreaterThanOrEqual(10);
  });

  it('are counted in docs/proof.md as they were found', () => {
    const kills = readFileSync(join(root, 'conformance/mutants/kills.json'), 'utf8');
    const page = readFileSync(join(root, 'docs/proof.md'), 'utf8');
    // `npx tsx scripts/prove-suite.ts --page` writes it.
    expect(page).toBe(proofPage(JSON.parse(kills) as Proof, plantedCounts()));
  });
});
