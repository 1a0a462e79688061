import { type Absent, absent } from './absent.js';

export const spawn: Absent = absent('other programs');
export const fork: Absent = absent('other processes');
