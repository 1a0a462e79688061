import { mkdtemp, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { labelsInstead, listFile } from '../../data/index.js';
import {
  ALIGNED_VECTORS,
  CAPTION_TITLE,
  type ClipVectors,
  captionRows,
  clipRows,
  EmbeddingCache,
  FEATURE_VECTORS,
  modelDigest,
  requireHolds,
  TOKEN_VECTORS,
  VECTOR_KINDS,
  VECTORS,
  type VectorKind,
  type VectorRows,
  writeVectors,
} from '../../evaluation/index.js';
import { replaceFile } from '../../formats/index.js';
import { capabilitiesOf, type LoadedModel, loadModel } from '../../run/index.js';
import { LacunaError } from '../../spec/index.js';
import { EvaluationDisplay } from '../evaluation-display.js';
import { note } from '../note.js';
import { openBackend } from '../open-backend.js';
import { cacheOption, noCacheOption, openCache } from '../options/cache-option.js';
import { jsonOption, printJson } from '../options/json-option.js';
import { partsOption, splitOption, videoOption } from '../options/list-options.js';
import { followLinksOption, rootOption } from '../options/shared-options.js';
import { type Gallery, type GalleryFlags, openGallery } from '../retrieval/open-gallery.js';
import { version } from '../version.js';
import { wholeNumber } from '../whole-number.js';
import { withTeacher } from '../with-teacher.js';

interface EmbedFlags extends GalleryFlags {
  readonly output: string;
  readonly vector: VectorKind;
  readonly windows: number;
  /** False for --no-cache. */
  readonly cache: string | boolean;
  readonly json?: boolean;
}

const CLIP_VECTORS: Readonly<Record<Exclude<VectorKind, 'captions'>, ClipVectors>> = {
  features: FEATURE_VECTORS,
  tokens: TOKEN_VECTORS,
  aligned: ALIGNED_VECTORS,
};

export function embedCommand(): Command {
  return new Command('embed')
    .description(
      'Writes what a model makes of clips, pictures or captions: a vector each, or all\n' +
        'tokens, in the order of the list, and beside it how they were made and of what.\n' +
        'Nothing is masked; vectors are kept by digest on the way, so that a stopped\n' +
        'command goes on where it was, in the memory of a batch. See docs/probes.md.',
    )
    .argument('<run>', 'the run folder of the model')
    .requiredOption(
      '--data <list>',
      'clips: JSON Lines (video or image, captions, label), the annotation file of a public set, shards, or a folder',
      listFile,
    )
    .requiredOption(
      '--output <file>',
      'the file to write: .safetensors, .npy, .npz or .parquet; FILE.json beside it names its rows',
    )
    .addOption(
      new Option(
        '--vector <kind>',
        "features: the mean of the encoder's tokens; tokens: all of them; aligned: the vector of length 1\nthat is aligned with text; captions: that of each caption",
      )
        .choices(VECTOR_KINDS)
        .default('features'),
    )
    .option('--windows <n>', 'clips of a video whose vectors are averaged', wholeNumber(1, 64), 1)
    .addOption(splitOption())
    .addOption(videoOption())
    .addOption(partsOption())
    .addOption(rootOption())
    .addOption(followLinksOption())
    .option('--pictures', 'of a folder, take the still pictures, too')
    .option('--clips <n>', 'how many of them, from the first (default: all)', wholeNumber(1, 1e7))
    .addOption(cacheOption())
    .addOption(noCacheOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Examples:
  $ lacuna embed runs/my-run --data clips.jsonl --root videos --output features.safetensors
  $ lacuna embed runs/my-run --data videos --vector tokens --output tokens.npy
  $ lacuna embed runs/my-run --data pictures --pictures --vector aligned --output pictures.npz
  $ lacuna embed runs/my-run --data clips.jsonl --vector captions --output captions.npy
  $ python -c 'import numpy; print(numpy.load("tokens.npy", mmap_mode="r").shape)'`,
    )
    .action(embed);
}

async function embed(run: string, flags: EmbedFlags): Promise<void> {
  const { output, vector } = flags;
  requireHolds(output, vector === 'tokens'); // before anything is computed
  const gallery = await openGallery(flags);
  const several = gallery.records.map(labelsInstead).find((told) => told !== undefined);
  if (several !== undefined)
    note(`The list ${several}; they are not written: a row has one label.`);
  const display = new EvaluationDisplay(process.stderr);
  const model = await loadModel(run, openBackend, note);
  try {
    requireAligned(model, vector);
    const digest = modelDigest(model);
    await withKept(flags, digest, async (cache) => {
      display.begins('embed');
      const kept = { cache, model: digest };
      const made = await withTeacher(model, note, async (whole) => {
        const watch = display;
        const rows =
          vector === 'captions'
            ? await captionRows(whole, gallery.records, { kept, watch })
            : await clipRows(whole, gallery.records, gallery.root, {
                vectors: CLIP_VECTORS[vector],
                windows: flags.windows,
                kept,
                watch,
              });
        const about = aboutOf(run, model, digest, gallery, flags, rows);
        const file = await writeVectors(output, rows, about);
        return { rows, about, file };
      });
      const { rows, about, file } = made;
      const shape = [rows.names.length, ...rows.shape];
      const manifest = {
        ...about,
        file: { name: basename(output), array: VECTORS, dtype: 'float32', shape, ...file },
        rows: rows.names,
        problems: rows.problems,
      };
      await replaceFile(`${output}.json`, `${JSON.stringify(manifest, null, 1)}\n`);
      const leftOut = display.ends();
      const { found, written } = cache.counts;
      note(`Vectors: ${written} were kept on the way, ${found} were read.`);
      if (flags.json === true) {
        const { rows: _, ...facts } = manifest;
        return printJson({ output, manifest: `${output}.json`, ...facts });
      }
      console.log(
        `${shape.join(' x ')} in ${output}${leftOut === 0 ? '' : `; ${leftOut} clips are left out or lack frames`}. Its rows are named in ${output}.json.`,
      );
    });
  } finally {
    await model.backend.dispose();
  }
}

/** @throws LacunaError for vectors that the model does not make. */
function requireAligned({ settings }: LoadedModel, vector: VectorKind): void {
  if (capabilitiesOf(settings).aligns || vector === 'features' || vector === 'tokens') return;
  throw new LacunaError({
    where: '--vector',
    what: 'the model of this run was not aligned with text, so that it has no such vectors',
    got: `${vector}, of a run with the objective ${settings.objective}`,
    expected: 'features or tokens',
  });
}

/** With the cache, or with one beside the output that is removed afterwards. */
async function withKept(
  { cache, output }: EmbedFlags,
  digest: string,
  body: (cache: EmbeddingCache) => Promise<void>,
): Promise<void> {
  const opened = await openCache(cache, digest);
  if (opened !== undefined) return body(opened);
  const folder = await mkdtemp(join(dirname(resolve(output)), '.lacuna-embed-'));
  try {
    await body(await EmbeddingCache.open(folder));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How the vectors were made, and of what. */
function aboutOf(
  run: string,
  { settings, backend }: LoadedModel,
  digest: string,
  { digest: records }: Gallery,
  { data, vector, windows }: EmbedFlags,
  { names }: VectorRows,
): object {
  const { frames, size, sampling, stride } = settings.clip;
  const { name, version: own, device } = backend.info;
  const isCaption = vector === 'captions';
  return {
    format: 1,
    lacuna: version(),
    vector: { kind: vector, title: isCaption ? CAPTION_TITLE : CLIP_VECTORS[vector].title },
    model: { run, digest, backend: `${name} ${own}, ${device}` },
    data: { list: data, digest: records, rows: names.length },
    ...(isCaption
      ? { text: { length: settings.text.length } }
      : {
          clip: {
            frames,
            size,
            sampling: sampling === 'dense' ? `stride ${stride}` : 'one a segment',
            windows,
            crop: 'centre',
            masked: 0,
          },
        }),
  };
}
