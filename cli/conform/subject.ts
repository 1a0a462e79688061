import { BACKENDS } from '../../backends/registry.js';
import {
  ALL_CHECKS,
  backendSubject,
  type KnownFailure,
  openPort,
  parseKnown,
  quoted,
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
  const { device, precision, threads, port, deadline } = flags;
  if (port !== undefined) {
    const opened = await openPort(port, deadline === undefined ? {} : { deadline });
    const time = deadline === undefined ? '' : ` --deadline ${deadline}`;
    return { subject: opened, close: () => opened.close(), flags: `--port ${quoted(port)}${time}` };
  }
  const { name, ...options } = backendConfig(flags);
  const factory = BACKENDS.named(name);
  const probe = await factory.probe(options);
  if (!probe.available) return probe.reason;
  const opened = await factory.open(options);
  const said =
    (device === undefined ? '' : ` --device ${device}`) +
    (threads === undefined ? '' : ` --threads ${threads}`) +
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
