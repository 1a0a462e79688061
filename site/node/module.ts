import { type Absent, absent } from './absent.js';

export const createRequire: Absent = absent('packages');
