import { fileURLToPath } from 'node:url';

/** Models that Hugging Face transformers saved: see make_weights.py. */
export const FIXTURES: string = fileURLToPath(new URL('../fixtures', import.meta.url));
