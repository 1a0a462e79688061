import { LacunaError } from '../../../spec/errors.js';

/** The parts of the package `node-av` that are used here. */
export type Library = typeof import('node-av/lib') & typeof import('node-av/constants');

/**
 * Loads the optional package `node-av`.
 *
 * @throws LacunaError when it is not installed or does not run here.
 */
export async function loadLibrary(): Promise<Library> {
  try {
    const [parts, constants] = await Promise.all([
      import('node-av/lib'),
      import('node-av/constants'),
    ]);
    return { ...parts, ...constants };
  } catch (error) {
    throw new LacunaError(
      {
        what: 'the package node-av is not there or does not run on this machine',
        got: String(error).split('\n')[0] ?? '',
        fix: 'Install it with "npm install node-av", or install the programs ffmpeg and ffprobe.',
      },
      { cause: error },
    );
  }
}
