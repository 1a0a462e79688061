import { BACKENDS } from '../../backends/registry.js';

/** The entry of a child process that tries one device: it sends the parent the probe's answer. */
const [backend = '', device = ''] = process.argv.slice(2);
const probe = await BACKENDS.named(backend).probe({ device });
process.send?.(probe, () => process.exit());
