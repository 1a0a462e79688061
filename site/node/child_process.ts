import { absent } from './absent.js';

export const spawn = absent('other programs');
export const fork = absent('other processes');
