import type { Program } from '../../spec/program/index.js';
import { Sha256 } from '../sha256.js';
import { printProgram } from './print.js';
import { printComposites } from './print-composites.js';

/**
 * SHA-256 in hexadecimal of the program's text with the meanings of its composites: equal for equal
 * programs, and another one when a composite changes its body. The key under which executables are
 * cached.
 */
export function programDigest(program: Program): string {
  return new Sha256().update(printProgram(program)).update(printComposites(program)).hex();
}
