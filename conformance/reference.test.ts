import { REFERENCE } from '../reference/index.js';
import { testBackend } from './vitest.js';

testBackend('reference', () => REFERENCE.open());
