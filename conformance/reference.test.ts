import { REFERENCE } from '../reference/index.js';
import { DOUBLE_CHECKS } from './checks.js';
import { testBackend } from './vitest.js';

testBackend('reference', () => REFERENCE.open(), { checks: DOUBLE_CHECKS });
