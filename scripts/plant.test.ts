import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mistakesOf, planted } from './plant.js';

const backends = join(import.meta.dirname, '..', 'backends');
const listed = readdirSync(backends).filter((name) =>
  existsSync(join(backends, name, 'mutants.json')),
);

describe('planted mistakes', () => {
  it.each(listed)('can all be planted in %s: each text occurs once', (name) => {
    const mistakes = mistakesOf(name);
    for (const mistake of mistakes) {
      const source = readFileSync(join(backends, name, mistake.file), 'utf8');
      expect(planted(source, mistake)).not.toBe(source);
    }
    expect(new Set(mistakes.map((mistake) => mistake.name)).size).toBe(mistakes.length);
    expect(mistakes.length).toBeGreaterThanOrEqual(10);
  });
});
