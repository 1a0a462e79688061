import { describe, it } from 'vitest';
import { LEGAL_FLEET } from './legal.js';
import { expectLegal, FIRST_LEGAL } from './testing/expect-legal.js';

describe('a legal backend passes everything', () => {
  it.each(LEGAL_FLEET.filter((member) => !FIRST_LEGAL.has(member)))('$name', expectLegal);
});
