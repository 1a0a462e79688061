import { expect, it } from 'vitest';
import { verifyProject } from './verify-project.js';

it('has every file and line that CONTRIBUTING.md asks for', () => {
  expect(verifyProject()).toEqual([]);
});
