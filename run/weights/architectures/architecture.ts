import type { Layout } from '../../../spec/index.js';
import type { Demand } from '../demands.js';

export type TowerName = 'video' | 'text';

/** Where a model has its places and slots; of an image, there are no slots. */
export interface TowerGrid {
  readonly rows: number;
  readonly columns: number;
  /** Rows of the table of positions in front of those of the places: the class token's. */
  readonly first: number;
  readonly slots?: number;
}

/** What our names of each tower begin with. */
export const TOWER_NAMES: Readonly<Record<TowerName, RegExp>> = {
  video: /^(encoder|decoder|projection\.video)\./,
  text: /^(text|projection\.text|temperature)\./,
};

/** What of a tower is taken whole, where all of it is there and fits, or else made anew. */
export const PARTS: Readonly<Record<TowerName, readonly PartName[]>> = {
  video: ['decoder', 'projection.video'],
  text: ['projection.text', 'temperature'],
};
export type PartName = 'decoder' | 'projection.video' | 'projection.text' | 'temperature';

/** One tower of a model, as our settings and our names have it. */
export interface Tower {
  readonly demands: readonly Demand[];
  readonly layout: Layout;
  /** The names that are of this tower. */
  readonly owns: RegExp;
  /** Their names of those parts that they have. */
  readonly parts: { readonly [K in PartName]?: RegExp };
  /** Ours that it has not, and that are 0 there. */
  readonly zero: readonly RegExp[];
  /** Ours that it has not, and that start as without it. */
  readonly anew: readonly RegExp[];
  readonly grid?: TowerGrid;
}

/** A model: what of it is where, and which settings it needs. */
export interface Architecture {
  /** What a person calls it: `ViT`. */
  readonly model: string;
  readonly towers: { readonly [K in TowerName]?: Tower };
  /** Settings that suit a run which takes both towers. */
  readonly together: readonly Demand[];
  /** The names of a file under the names of the layout; what is not in it are heads of other tasks. */
  readonly names: (file: readonly string[]) => ReadonlyMap<string, string>;
  /** Names of the layout's kind that are left out whatever a run takes: poolers, tables of indices. */
  readonly leftOut: readonly RegExp[];
  /** What a person should know before training on it. */
  readonly notes: readonly string[];
}

/** Names without `prefix`, if any has it: then what has it not is of another task. */
export function withoutPrefix(
  names: readonly string[],
  prefixes: readonly string[],
): ReadonlyMap<string, string> {
  const prefix = prefixes.find((each) => names.some((name) => name.startsWith(each))) ?? '';
  const inside = names.filter((name) => name.startsWith(prefix));
  return new Map(inside.map((name) => [name.slice(prefix.length), name]));
}
