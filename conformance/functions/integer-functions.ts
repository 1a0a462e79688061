import type { HostTensor, Named } from '../../core/backend.js';
import type { FunctionAttributes, FunctionCall } from '../../protocol/function-call.js';
import type { ExactTensor } from '../../reference/index.js';
import { LacunaError } from '../../spec/errors.js';
import {
  AUGMENTATIONS,
  drawAugmentations,
  drawErasing,
  drawMask,
  type Grid,
  type MaskAddress,
  type MaskConfig,
  type MaskMap,
  maskCounts,
  maskText,
  type Rounding,
  repeatedReplicate,
  type TextMaskMode,
  type TextMaskUnit,
} from '../../spec/index.js';
import { cropFrameMap } from '../../spec/masking/crop-map.js';
import { type EmbeddingStart, embeddingInit } from '../../spec/model/state.js';
import { resizePlaces, resizeSlots } from '../../spec/model/transfer.js';
import {
  biasCorrection,
  learningRate,
  type RateSchedule,
  type Warmup,
} from '../../spec/optim/schedule.js';
import { fillUniform, philox4x32, RandomStream } from '../../spec/random/index.js';
import type { Case } from '../case.js';
import { integers } from './exact.js';
import { rankFractions } from './rank-fractions.js';

/** A case of a function of integers, for which there is no program: its results are exact. */
export function exactCase(call: FunctionCall, runs: Case['runs']): Case {
  return { call, runs, expected: (inputs) => exactResults(call, inputs) };
}

/**
 * What a function of integers gives, by the specification's own functions.
 *
 * @throws LacunaError for a function that is a program, and for attributes out of bounds.
 */
export function exactResults(
  { function: name, attributes }: FunctionCall,
  inputs: Named<HostTensor>,
): Named<ExactTensor> {
  switch (name) {
    case 'random.philox':
      return { words: philoxWords(inputs) };
    case 'mask.tube':
      return maskResults('tube', attributes, addressOf(attributes));
    case 'mask.random_per_slot':
      return maskResults('random-per-slot', attributes, addressOf(attributes));
    case 'mask.topk':
      return maskResults('text-guided', attributes, { seed: 0 }, inputs.map);
    case 'mask.flow_warped':
      return maskResults('flow-warped', attributes, addressOf(attributes), inputs.flow);
    case 'map.crop':
      return { map: croppedMap(attributes, inputs) };
    case 'mask.text':
      return textMaskResults(attributes, inputs);
    case 'retrieval.rank': {
      const { rank, recall } = rankFractions(Number(attributes.k), inputs);
      const shape = [rank.length / 2, 2];
      return { rank: integers(rank, shape), recall: integers(recall, shape) };
    }
    case 'state.start':
      return { bits: startBits(attributes) };
    case 'state.resize':
      return { bits: resizedBits(attributes, inputs) };
    case 'augment.draw':
      return augmentationResults(attributes);
    case 'erase.draw': {
      const draw = new RandomStream({ ...repeatedAddress(attributes), stream: 'erase' });
      const box = drawErasing(Number(attributes.probability), Number(attributes.size), draw);
      return {
        box: integers(box === undefined ? [] : [box.top, box.bottom, box.left, box.right]),
      };
    }
    case 'optim.rate':
      return {
        bits: floatBits(inputs.steps, (step) => learningRate(scheduleOf(attributes), step)),
      };
    case 'optim.correction':
      return {
        bits: floatBits(inputs.updates, (t) => biasCorrection(Number(attributes.beta), t)),
      };
    default:
      throw new LacunaError({
        what: 'this function has a program, which says what it gives',
        got: name,
      });
  }
}

function philoxWords({ counter, key }: Named<HostTensor>): ExactTensor {
  const words = Array.from({ length: counter?.shape[0] ?? 0 }, (_, row) => {
    const word = (tensor: HostTensor | undefined, place: number): number =>
      (tensor?.data[place] ?? 0) >>> 0;
    const [c, k] = [4 * row, 2 * row];
    return philox4x32(
      [word(counter, c), word(counter, c + 1), word(counter, c + 2), word(counter, c + 3)],
      [word(key, k), word(key, k + 1)],
    );
  });
  return integers(words.flat(), [words.length, 4]);
}

function addressOf(attributes: FunctionAttributes): Required<MaskAddress> {
  const [seed, replicate, epoch, sample] = ['seed', 'replicate', 'epoch', 'sample'].map((each) =>
    Number(attributes[each]),
  ) as [number, number, number, number];
  return { seed, replicate, epoch, sample };
}

/** Where an augmentation of a clip draws. */
function repeatedAddress(attributes: FunctionAttributes): Required<MaskAddress> {
  const address = addressOf(attributes);
  return { ...address, replicate: repeatedReplicate(address.replicate, Number(attributes.repeat)) };
}

function augmentationResults(attributes: FunctionAttributes): Named<ExactTensor> {
  const [layers, magnitude, deviation] = ['layers', 'magnitude', 'deviation'].map((name) =>
    Number(attributes[name]),
  ) as [number, number, number];
  const draw = new RandomStream({ ...repeatedAddress(attributes), stream: 'augment' });
  const drawn = drawAugmentations({ layers, magnitude, deviation }, draw);
  const levels = Float32Array.from(drawn, ({ level }) => level + 0); // -0 + 0 is 0
  return {
    operations: integers(drawn.map(({ name }) => AUGMENTATIONS.indexOf(name))),
    bits: integers(new Int32Array(levels.buffer)),
  };
}

/** The numbers that a weight starts with, as bits of float32. */
function startBits({
  start,
  inputs,
  outputs,
  count,
  seed,
  sample,
}: FunctionAttributes): ExactTensor {
  const { init } = embeddingInit(String(start) as EmbeddingStart, Number(inputs), Number(outputs));
  if (init.kind !== 'uniform') throw new LacunaError({ what: 'this start is not uniform' });
  const data = new Float32Array(Number(count));
  const address = { seed: Number(seed), stream: 'parameter', sample: Number(sample) } as const;
  fillUniform(new RandomStream(address), data, -init.bound, init.bound);
  return integers(new Int32Array(data.buffer));
}

/** A table of positions, given in sixteenths, at another size: bits of float32. */
function resizedBits(attributes: FunctionAttributes, { table }: Named<HostTensor>): ExactTensor {
  const [rows, columns, toRows, toColumns] = ['rows', 'columns', 'toRows', 'toColumns'].map(
    (name) => Number(attributes[name]),
  ) as [number, number, number, number];
  const width = table?.shape.at(-1) ?? 1;
  const values = Float64Array.from(table?.data ?? [], (value) => Number(value) / 16);
  const resized =
    attributes.kind === 'slots'
      ? resizeSlots(values, rows, toRows, width)
      : resizePlaces(values, [rows, columns], [toRows, toColumns], width);
  return integers(new Int32Array(resized.buffer));
}

function croppedMap(attributes: FunctionAttributes, { map }: Named<HostTensor>): ExactTensor {
  const of = (name: string): number => Number(attributes[name]);
  const [cellRows = 0, cellColumns = 0] = map?.shape ?? [];
  const cells = { width: of('width'), height: of('height'), rows: cellRows, columns: cellColumns };
  const crop = { x: of('x'), y: of('y'), width: of('crop_width'), height: of('crop_height') };
  const [rows, columns] = [of('rows'), of('columns')];
  const view = { crop, flip: attributes.flip === 'yes', rows, columns };
  return integers(cropFrameMap(Int16Array.from(map?.data ?? []), cells, view), [rows, columns]);
}

function scheduleOf(attributes: FunctionAttributes): RateSchedule {
  const of = (name: string): number => Number(attributes[name]);
  const at = [of('first'), of('second')];
  return {
    peak: of('peak'),
    minimum: of('minimum'),
    warmupSteps: of('warmup_steps'),
    totalSteps: of('total_steps'),
    warmup: String(attributes.warmup) as Warmup,
    decay:
      attributes.decay === 'steps'
        ? { kind: 'steps', at, factor: of('factor') }
        : { kind: 'cosine' },
  };
}

/** A float32 of each integer, as bits. */
function floatBits(list: HostTensor | undefined, of: (n: number) => number): ExactTensor {
  const data = Float32Array.from(list?.data ?? [], of);
  return integers(new Int32Array(data.buffer));
}

function textMaskResults(
  attributes: FunctionAttributes,
  { ids, special, continues }: Named<HostTensor>,
): Named<ExactTensor> {
  const { mode, unit, ratio, rounding, mask, pad } = attributes;
  const config = {
    mode: String(mode) as TextMaskMode,
    unit: String(unit) as TextMaskUnit,
    ratio: Number(ratio),
    rounding: String(rounding) as Rounding,
  };
  const vocabulary = {
    mask: Number(mask),
    pad: Number(pad),
    special: new Set(Array.from(special?.data ?? [])),
  };
  const given = Int32Array.from(ids?.data ?? []);
  const result = maskText(config, given, vocabulary, addressOf(attributes), continues?.data);
  return { ids: integers(result.ids), masked: integers(result.masked) };
}

function maskResults(
  kind: MaskConfig['kind'],
  attributes: FunctionAttributes,
  address: MaskAddress,
  map?: HostTensor,
): Named<ExactTensor> {
  const { slots, rows, columns, ratio, rounding } = attributes;
  const grid: Grid = { slots: Number(slots), rows: Number(rows), columns: Number(columns) };
  const config = { kind, ratio: Number(ratio), rounding: String(rounding) as Rounding };
  const stored: MaskMap | undefined = map === undefined ? undefined : Int16Array.from(map.data);
  const { visible, masked } = drawMask(config, grid, address, stored);
  const counts = maskCounts(config, grid);
  return {
    visible: integers(visible),
    masked: integers(masked),
    counts: integers([counts.visible, counts.masked]),
  };
}
