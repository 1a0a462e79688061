import { camel, exported, type Walk } from './walk.js';

/** A mask: its file and its line. */
export const MASK: Walk = {
  files: (name) => ({
    [`spec/masking/${name}.ts`]: `import { placesPerSlot, tokenCount } from './grid.js';
import type { MaskKind } from './kind.js';
import { maskRandomly } from './mask-randomly.js';

/** TODO: which tokens are masked, in one sentence. Random places, others in each slot. */
export const ${camel(name)}: MaskKind = {
  per: 'slot',
  rounding: 'floor-masked',
  ratio: 0.9,
  source: 'TODO: paper or codebase, and the reason for the rounding',
  draw({ grid, count, stream }) {
    const flags = new Uint8Array(tokenCount(grid));
    const places = placesPerSlot(grid);
    for (let slot = 0; slot < grid.slots; slot++) {
      maskRandomly(flags.subarray(slot * places, (slot + 1) * places), count, stream);
    }
    return flags;
  },
};
`,
  }),
  insertions: (name) => {
    const own = camel(name);
    const as = own === name ? own : `${own} as '${name}'`;
    return [exported('spec/masking/all-kinds.ts', name, as)];
  },
  rest: (name) => [
    [`spec/masking/${name}.ts`, 'which tokens, from which source; and its test beside it'],
  ],
};
