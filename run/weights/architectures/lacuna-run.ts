import { type Conversion, gridOf, type StateSpec } from '../../../spec/index.js';
import { capabilitiesOf } from '../../settings/capabilities.js';
import { videoConfig } from '../../settings/clip.js';
import type { RunSettings } from '../../settings/config.js';
import { type Demand, demandsOf } from '../demands.js';
import type { Architecture } from './architecture.js';

/** What may have another size in the run that is begun; all else has its own name and shape. */
const RESIZED: Readonly<Record<string, Conversion>> = {
  'encoder.patch.weight': 'cubes',
  'encoder.positions.place': 'places',
  'encoder.positions.slot': 'slots',
  'text.tokens': 'rows',
  'text.positions': 'rows',
};

const LEARNED = ['learned', 'learned-zero-slots'] as const;

/** A run of Lacuna, which begins another: of fewer frames, of masked clips, of another objective. */
export function lacunaArchitecture(
  settings: RunSettings,
  state: readonly StateSpec[],
): Architecture {
  const { encoder, decoder, text, contrastive } = settings;
  const { readsText, aligns } = capabilitiesOf(settings);
  const video = videoConfig(settings);
  const layout = {
    name: 'lacuna',
    notes: [],
    entries: state.map(({ name }) => ({
      ours: name,
      theirs: name,
      conversion: RESIZED[name] ?? ('same' as const),
    })),
  };
  const { attention: _, positions = 'sinusoid', ...own } = encoder;
  const isLearned = positions !== 'sinusoid';
  const anew = [/^encoder\.\d+\.(time|norm3)\./];
  return {
    model: 'a run of Lacuna',
    towers: {
      video: {
        demands: [
          ...blockDemands('encoder', own),
          ...demandsOf('encoder', {
            classToken: own.classToken ?? false,
            embeddingNorm: own.embeddingNorm ?? false,
            finalNorm: own.finalNorm ?? true,
          }),
          {
            key: 'encoder.positions',
            value: positions,
            ...(isLearned ? { also: LEARNED } : {}),
            firm: true,
          },
          ...demandsOf('encoder', { attention: encoder.attention ?? 'joint' }, false),
          ...demandsOf('clip', { patch: video.patch }),
          ...tubeletDemands(video.tubelet),
          ...demandsOf('clip', { mean: video.mean, std: video.std }, false),
          ...demandsOf('decoder', { ...decoder }, false),
          ...(aligns ? demandsOf('contrastive', { pool: contrastive.pool }, false) : []),
          ...(aligns
            ? demandsOf('contrastive.videoProjection', { ...contrastive.videoProjection }, false)
            : []),
        ],
        layout,
        owns: /^(encoder|decoder|projection\.video)\./,
        parts: { decoder: /^decoder\./, 'projection.video': /^projection\.video\./ },
        zero: [],
        anew,
        grid: { ...gridOf(video), first: 0 },
      },
      ...(readsText
        ? {
            text: {
              demands: [
                ...blockDemands('text', text),
                ...demandsOf('text', {
                  attention: text.attention ?? 'full',
                  pool: text.pool ?? 'first',
                  norms: text.norms ?? 'before',
                  embeddingNorm: text.embeddingNorm ?? false,
                  segments: text.segments ?? 0,
                  length: text.length,
                }),
                ...demandsOf(
                  'contrastive.textProjection',
                  { ...contrastive.textProjection },
                  false,
                ),
              ],
              layout,
              owns: /^(text|projection\.text|temperature)\./,
              parts: { 'projection.text': /^projection\.text\./, temperature: /^temperature\./ },
              zero: [],
              anew: [],
            },
          }
        : {}),
    },
    together: [{ key: 'contrastive.temperature', value: contrastive.temperature, firm: false }],
    names: (names) => new Map(names.map((name) => [name, name])),
    // Attention over time, where the run that is begun has joint attention.
    leftOut: anew,
    notes: [],
  };
}

function blockDemands(
  section: string,
  {
    width,
    depth,
    heads,
    mlpRatio = 4,
    normEps = 1e-6,
    activation = 'gelu',
    keyBias = false,
  }: RunSettings['encoder'] | RunSettings['text'],
): Demand[] {
  return demandsOf(section, { width, depth, heads, mlpRatio, normEps, activation, keyBias });
}

/** Cubes of one frame become those of any number: see `inflatePatch`. */
function tubeletDemands(tubelet: number): Demand[] {
  return tubelet === 1 ? [] : demandsOf('clip', { tubelet });
}
