import * as kinds from './all-kinds.js';
import type { MaskKind } from './kind.js';

/** A mask kind's name in configurations and manifests. */
export type MaskKindName = keyof typeof kinds;

/** Every mask kind, by name, in the order of the names. */
export const MASK_KINDS: Readonly<Record<MaskKindName, MaskKind>> = kinds;
export const MASK_KIND_NAMES = Object.keys(MASK_KINDS) as readonly MaskKindName[];
