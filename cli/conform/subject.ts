import { BACKENDS } from '../../backends/registry.js';
import {
  ALL_CHECKS,
  backendSubject,
  type KnownFailure,
  openPort,
  parseKnown,
  type Subject,
} from '../../conformance/index.js';
import { readPlainFile } from '../../formats/index.js';
import { backendConfig } from '../options/backend-options.js';
import type { ConformFlags } from './options.js';

/** A subject, how to close it, and how its part of a command line reads. */
export interface OpenSubject {
  readonly subject: Subject;
  readonly close: () => Promise<void>;
  readonly flags: string;
}

/** Why the subject is not here, as a sentence, where it is not. */
export async function openSubject(flags: ConformFlags): Promise<OpenSubject | string> {
  const { device, precision, port } = flags;
  if (port !== undefined) {
    const opened = await openPort(port);
    const quoted = JSON.stringify(port);
    return { subject: opened, close: () => opened.close(), flags: `--port ${quoted}` };
  }
  const { name, ...options } = backendConfig(flags);
  const factory = BACKENDS.named(name);
  const probe = await factory.probe(options);
  if (!probe.available) return probe.reason;
  const opened = await factory.open(options);
  const said =
    (device === undefined ? '' : ` --device ${device}`) +
    (precision === undefined ? '' : ` --precision ${precision}`);
  return {
    subject: backendSubject(opened),
    close: () => opened.dispose(),
    flags: `--backend ${name}${said}`,
  };
}

/** No list of known failures is larger. */
const MAX_KNOWN_BYTES = 2 ** 24;

/** The known failures of a file. @throws LacunaError where it is not there or not right. */
export async function knownFailures(file: string | undefined): Promise<readonly KnownFailure[]> {
  if (file === undefined) return [];
  const ids = ALL_CHECKS.map(({ id }) => id);
  return parseKnown((await readPlainFile(file, MAX_KNOWN_BYTES)).toString('utf8'), ids, file);
}
