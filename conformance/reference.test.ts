import { REFERENCE } from '../reference/index.js';
import { FAMILIES, STEP_FAMILIES } from './families/index.js';
import { testBackend } from './vitest.js';

testBackend('reference', () => REFERENCE.open(), { families: [...FAMILIES, ...STEP_FAMILIES] });
