import { describe, expect, it } from 'vitest';
import { refusal } from '../../core/testing/refusal.js';
import { PRESET_NAMES } from '../../spec/model/presets.js';
import type { RunSettings } from './config.js';
import { parseConfig } from './parse-config.js';
import { resolveSettings, withTeacher } from './settings.js';
import { storedSettings } from './stored-settings.js';

function settings(config: object): RunSettings {
  return resolveSettings(parseConfig({ data: { list: 'a.jsonl' }, output: 'run', ...config }));
}

/** What a manifest keeps of it, and gives back. */
function keptOf(value: unknown): RunSettings {
  return storedSettings(JSON.parse(JSON.stringify(value)));
}

const TEACHER = { teacher: 'clip' };
const CASES: readonly (readonly [name: string, settings: RunSettings])[] = [
  ...PRESET_NAMES.map((preset) => {
    const teacher = preset.startsWith('tgm') ? { contrastive: TEACHER } : {};
    const data = { list: 'a.jsonl', similarity: 'maps' };
    return [preset, settings({ preset, data, ...teacher })] as const;
  }),
  ['steps', settings({ preset: 'demo', schedule: { steps: 7 } })],
  ['epochs', settings({ preset: 'demo', schedule: { epochs: 7, warmupSteps: 3 } })],
  ['mixed precision', settings({ preset: 'demo', backend: { precision: 'mixed' } })],
  ['evaluation', settings({ preset: 'demo', evaluation: { list: 'b.jsonl', everySteps: 5 } })],
  ['a low rate', settings({ preset: 'videomae-vitb', schedule: { baseLearningRate: 1e-9 } })],
  ['a teacher as it is', withTeacher(settings({ preset: 'demo', contrastive: TEACHER }), 512)],
  [
    'a teacher through a head',
    withTeacher(
      settings({
        preset: 'demo',
        contrastive: { ...TEACHER, textProjection: { kind: 'linear', width: 32 } },
      }),
      512,
    ),
  ],
];

describe('the settings of a manifest', () => {
  it.each(CASES)('come back as they were: %s', (_, given) => {
    expect(keptOf(given)).toEqual(given);
  });

  it('come back with the digest of a model of optical flow', () => {
    const mask = { kind: 'flow-warped', motion: { raft: 'raft.onnx' } };
    const given = settings({ preset: 'demo', mask });
    const motion = { ...given.mask.motion, raftDigest: 'ab'.repeat(32) };
    expect(keptOf({ ...given, mask: { ...given.mask, motion } }).mask.motion).toEqual(motion);
  });

  it('of a version before loss scaling have none', () => {
    const { lossScaling: _, ...old } = settings({
      preset: 'demo',
      backend: { precision: 'mixed' },
    });
    expect(keptOf(old).lossScaling).toEqual({ kind: 'none' });
  });

  it('of a version before towers had choices have what it had, whatever the preset has now', () => {
    const now = settings({ preset: 'tiny-mac' });
    const { attention: _, patchStart: __, ...encoder } = now.encoder;
    const { embedStart: ___, ...decoder } = now.decoder;
    const { norms, embeddingNorm, segments, normEps, ...text } = now.text;
    const { decay, ...schedule } = now.schedule;
    const { unit, ...textMask } = now.textMask;
    expect([norms, embeddingNorm, normEps, decay.kind, unit]).toEqual([
      ...['after', true, 1e-12],
      ...['steps', 'token'],
    ]);
    const old = { ...now, encoder, decoder, text, schedule, textMask };
    expect(keptOf(old)).toEqual({
      ...now,
      encoder: { ...now.encoder, attention: 'joint', patchStart: 'xavier' },
      decoder: { ...now.decoder, embedStart: 'xavier' },
      text: { ...text, norms: 'before', embeddingNorm: false, segments, normEps: 1e-6 },
      schedule: { ...schedule, decay: { kind: 'cosine' } },
    });
  });

  it.each([
    [{ encoder: { depth: 900_000_000 } }, 'encoder.depth'],
    [{ encoder: { width: '<b>' } }, 'encoder.width'],
    [{ batch: -1 }, 'batch'],
    [{ clip: { frames: 1e9 } }, 'clip.frames'],
    [{ text: 7 }, 'text'],
    [{ schedule: { decay: { kind: 'steps', at: [2], factor: 0.1 } } }, 'schedule.decay'],
    [{ mask: { kind: 'constructor' } }, 'mask.kind'],
    [{ data: { list: 7 } }, 'data.list'],
    [{ data: { list: `a/${'b'.repeat(5000)}` } }, 'data.list'],
    [{ unheard: 1 }, 'unheard'],
    [{ contrastive: { ...TEACHER, teacherWidth: 1e12 } }, 'contrastive.teacherWidth'],
  ])('are refused where no run can have had them: %j', (change, key) => {
    const given = { ...settings({ preset: 'demo' }) };
    const changed = Object.fromEntries(
      Object.entries({ ...given, ...change }).map(([name, value]) => {
        const before = given[name as keyof RunSettings];
        const isSection = typeof before === 'object' && typeof value === 'object';
        return [name, isSection ? { ...before, ...value } : value];
      }),
    );
    expect(refusal(() => keptOf(changed))).toContain(key);
  });
});
