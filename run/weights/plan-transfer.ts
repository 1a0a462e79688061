import {
  type DType,
  gridOf,
  LacunaError,
  type StateSpec,
  type TensorType,
  theirTensor,
} from '../../spec/index.js';
import { videoConfig } from '../settings/clip.js';
import type { RunSettings } from '../settings/config.js';
import { nearest } from '../settings/edit-distance.js';
import {
  type Architecture,
  PARTS,
  type PartName,
  TOWER_NAMES,
  type Tower,
  type TowerName,
} from './architectures/architecture.js';
import { type Converted, converted, type Geometry } from './convert.js';

/** One of our tensors with what it is made of. */
export interface TakenTensor {
  readonly spec: StateSpec;
  /** Names in the file: none where it is 0 there, or one, or also that of a table whose first row is added. */
  readonly from: readonly string[];
  readonly make: Converted['make'];
}

/** What a run takes of a folder of weights: every name on both sides is in one of the lists. */
export interface TransferPlan {
  readonly taken: readonly TakenTensor[];
  /** Ours that are drawn as without weights. */
  readonly anew: readonly string[];
  /** Names in the file that nothing here reads. */
  readonly leftOut: readonly string[];
}

/** What names are matched against, on both sides. */
export interface Transfer {
  readonly architecture: Architecture;
  /** The towers that the run takes of it. */
  readonly towers: readonly TowerName[];
  /** The folder, for errors. */
  readonly folder: string;
  /** The tensors of its files. */
  readonly tensors: ReadonlyMap<string, TensorType>;
}

const FLOATS: readonly DType[] = ['f32', 'f16', 'bf16', 'f64'];

/**
 * Plans what is taken for a model's state, from names and shapes alone: no tensor is read.
 *
 * @throws LacunaError for a tensor that is missing, is of no part of the model, or has another shape.
 */
export function planTransfer(
  transfer: Transfer,
  settings: RunSettings,
  state: readonly StateSpec[],
): TransferPlan {
  return new Planner(transfer, settings).plan(state);
}

/** What became of one of ours. */
type Match =
  | { readonly kind: 'taken'; readonly tensor: TakenTensor; readonly reads: readonly string[] }
  | { readonly kind: 'anew' }
  /** Made once all is matched: the sentence names what is left. */
  | { readonly kind: 'wrong'; readonly error: () => LacunaError };

class Planner {
  readonly #transfer: Transfer;
  readonly #settings: RunSettings;
  /** Names in the file by those of the layout. */
  readonly #names: ReadonlyMap<string, string>;
  readonly #read = new Set<string>();
  readonly #unused: RegExp[];
  readonly #taken: TakenTensor[] = [];
  readonly #anew: string[] = [];

  constructor(transfer: Transfer, settings: RunSettings) {
    this.#transfer = transfer;
    this.#settings = settings;
    const { architecture, tensors } = transfer;
    this.#names = architecture.names([...tensors.keys()]);
    this.#unused = [...architecture.leftOut];
  }

  plan(state: readonly StateSpec[]): TransferPlan {
    const { towers, architecture, tensors } = this.#transfer;
    const wrong: (() => LacunaError)[] = [];
    for (const name of ['video', 'text'] as const) {
      const tower = architecture.towers[name];
      if (tower === undefined) continue;
      if (!towers.includes(name)) this.#unused.push(tower.owns);
      else {
        const own = state.filter((spec) => TOWER_NAMES[name].test(spec.name));
        wrong.push(...this.#planTower(name, tower, own));
      }
    }
    const [first] = wrong;
    if (first !== undefined) throw first();
    const [extra] = this.#unknown();
    if (extra !== undefined) throw this.#extra(extra);
    const used = new Set(this.#taken.flatMap(({ from }) => from));
    const leftOut = [...tensors.keys()].filter((name) => !used.has(name));
    return { taken: this.#taken, anew: this.#anew, leftOut };
  }

  /** Errors of what a tower needs and has not, in the order of the state. */
  #planTower(name: TowerName, tower: Tower, state: readonly StateSpec[]): (() => LacunaError)[] {
    const geometry = this.#geometryOf(tower);
    const wrong: (() => LacunaError)[] = [];
    const inPart = (spec: StateSpec, part: PartName): boolean => spec.name.startsWith(`${part}.`);
    for (const part of PARTS[name]) {
      const own = state.filter((spec) => inPart(spec, part));
      this.#planPart(part, tower, own, geometry);
    }
    for (const spec of state) {
      if (PARTS[name].some((part) => inPart(spec, part))) continue;
      const match = this.#match(tower, spec, geometry);
      if (match.kind === 'wrong') wrong.push(match.error);
      else this.#accept(match, spec);
    }
    return wrong;
  }

  /** A part is taken whole or made anew: half a decoder is worth nothing. */
  #planPart(part: PartName, tower: Tower, specs: readonly StateSpec[], geometry: Geometry): void {
    // A temperature was learned between two towers.
    const isAlone = part === 'temperature' && this.#transfer.towers.length < 2;
    const matches = specs.map((spec) => [spec, this.#match(tower, spec, geometry)] as const);
    if (specs.length > 0 && !isAlone && matches.every(([, { kind }]) => kind === 'taken')) {
      for (const [spec, match] of matches) this.#accept(match, spec);
      return;
    }
    const theirs = tower.parts[part];
    if (theirs !== undefined) this.#unused.push(theirs);
    this.#anew.push(...specs.map(({ name }) => name));
  }

  #accept(match: Match, { name }: StateSpec): void {
    if (match.kind !== 'taken') {
      this.#anew.push(name);
      return;
    }
    this.#taken.push(match.tensor);
    for (const each of match.reads) this.#read.add(each);
  }

  #match(tower: Tower, spec: StateSpec, geometry: Geometry): Match {
    const { name, shape } = spec;
    const their = theirTensor(tower.layout, name);
    const reads =
      their === undefined ? [] : [their.name, ...(their.plus === undefined ? [] : [their.plus])];
    const files = reads.flatMap((each) => this.#names.get(each) ?? []);
    if (files.length === 0 && tower.zero.some((each) => each.test(name))) {
      const make = (): Float32Array =>
        new Float32Array(shape.reduce((product, n) => product * n, 1));
      return { kind: 'taken', tensor: { spec, from: [], make }, reads: [] };
    }
    if (files.length === 0 && tower.anew.some((each) => each.test(name))) return { kind: 'anew' };
    const [file, plus] = files;
    if (their === undefined || file === undefined || files.length < reads.length) {
      return { kind: 'wrong', error: () => this.#missing(name, reads) };
    }
    const { tensors, folder } = this.#transfer;
    const type = tensors.get(file);
    const theirs = type?.shape ?? [];
    const conversion = converted(their.conversion, shape, theirs, geometry);
    const table = plus === undefined ? undefined : tensors.get(plus);
    const isTable = table === undefined || table.shape.at(-1) === shape.at(-1);
    if (!conversion.fits || !isTable || type === undefined || !FLOATS.includes(type.dtype)) {
      const error = (): LacunaError =>
        new LacunaError({
          where: `${folder}: ${file}`,
          what: `this tensor does not fit ${name} of the run's model`,
          got: `${type?.dtype ?? 'nothing'} [${theirs}]`,
          expected: `floats, ${conversion.expected}`,
          fix: 'The configuration beside the weights is of another model, or the file was changed: fetch the folder again.',
        });
      return { kind: 'wrong', error };
    }
    return { kind: 'taken', tensor: { spec, from: files, make: conversion.make }, reads };
  }

  /** Names that are of no part of the model. */
  #unknown(): string[] {
    const isUnused = (name: string): boolean => this.#unused.some((each) => each.test(name));
    return [...this.#names.keys()].filter((name) => !this.#read.has(name) && !isUnused(name));
  }

  #missing(ours: string, reads: readonly string[]): LacunaError {
    const name = reads.find((each) => !this.#names.has(each)) ?? ours;
    const near = nearest(name, this.#unknown());
    return new LacunaError({
      where: this.#transfer.folder,
      what: 'a tensor of these weights is missing',
      got: near === undefined ? 'no such name' : `no such name; nearest is ${near.slice(0, 200)}`,
      expected: `${name}, for ${ours} of the run's model`,
      fix: 'The file is of another model than config.json says, or was cut off or renamed: fetch the folder again.',
    });
  }

  #extra(name: string): LacunaError {
    const { folder, architecture } = this.#transfer;
    return new LacunaError({
      where: `${folder}: ${this.#names.get(name)?.slice(0, 200) ?? name}`,
      what: `${architecture.model} has no such tensor, so the weights are of another model`,
      got: `[${this.#transfer.tensors.get(this.#names.get(name) ?? '')?.shape ?? ''}]`,
      fix: 'Look at what changed the model; its features would not be those of these weights.',
    });
  }

  #geometryOf({ grid }: Tower): Geometry {
    const video = videoConfig(this.#settings);
    const { tubelet, patch } = video;
    const { inflation = 'average' } = this.#settings.encoder;
    return { from: grid, to: { ...gridOf(video), tubelet, patch }, inflation };
  }
}
