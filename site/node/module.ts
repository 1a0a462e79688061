import { absent } from './absent.js';

export const createRequire = absent('packages');
