import { z } from 'zod';
import type { RunSettings } from './config.js';
import { withTeacherWidth } from './contrastive.js';
import { parseConfig } from './parse-config.js';
import { count } from './section.js';
import { resolveSettings } from './settings.js';
import { PLAIN_TEXT } from './towers.js';

/** What the settings of a run hold beside what a person writes: it became known when files were opened. */
const FOUND = z.looseObject({
  contrastive: z.looseObject({ teacherWidth: count.exactOptional() }).exactOptional(),
  mask: z
    .looseObject({
      motion: z
        .looseObject({
          raftDigest: z
            .string()
            .regex(/^[0-9a-f]{64}$/)
            .exactOptional(),
        })
        .exactOptional(),
    })
    .exactOptional(),
});

/** What runs had that are older than the choice: each is recorded by every run since. */
const BEFORE = {
  lossScaling: { kind: 'none' },
  encoder: { attention: 'joint', patchStart: 'xavier' },
  decoder: { embedStart: 'xavier' },
  text: PLAIN_TEXT,
  schedule: { decay: { kind: 'cosine' } },
} as const;

/** The settings with what is missing of a section of `BEFORE`, which is no choice of a preset's. */
function withBefore(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sections = Object.entries(BEFORE).map(([key, usual]): [string, unknown] => {
    const own = settings[key] ?? {};
    // What is no section is refused, with its key, where the settings are parsed.
    if (typeof own !== 'object') return [key, own];
    // A loss scaling is one choice of several forms, and not completed.
    return [key, 'kind' in own ? own : { ...usual, ...own }];
  });
  return { ...settings, ...Object.fromEntries(sections) };
}

/**
 * The settings of a run as its manifest keeps them, checked as those that a person writes: each key,
 * each bound, and the rules between them. They may be a stranger's.
 *
 * @throws LacunaError naming the key where no such run can have begun.
 */
export function storedSettings(value: unknown): RunSettings {
  const found = FOUND.safeParse(value);
  if (!found.success) return resolveSettings(parseConfig(value));
  const { contrastive, mask, ...others } = found.data;
  const { teacherWidth, ...contrastiveKeys } = contrastive ?? {};
  const { raftDigest, ...motionKeys } = mask?.motion ?? {};
  const config = {
    ...withBefore(others),
    ...(contrastive === undefined
      ? {}
      : { contrastive: withoutTeacherWidth(contrastiveKeys, teacherWidth) }),
    ...(mask === undefined
      ? {}
      : { mask: { ...mask, ...(mask.motion === undefined ? {} : { motion: motionKeys }) } }),
  };
  const settings = resolveSettings(parseConfig(config));
  const { motion } = settings.mask;
  return {
    ...settings,
    contrastive:
      teacherWidth === undefined || settings.contrastive.teacher === undefined
        ? settings.contrastive
        : withTeacherWidth(settings.contrastive, teacherWidth),
    mask:
      motion === undefined || raftDigest === undefined
        ? settings.mask
        : { ...settings.mask, motion: { ...motion, raftDigest } },
  };
}

/** The widths that follow from a teacher's are no choice: a person may not write them. */
function withoutTeacherWidth(
  contrastive: Record<string, unknown>,
  teacherWidth: number | undefined,
): Record<string, unknown> {
  const text = contrastive.textProjection;
  const isTaken = z.looseObject({ kind: z.literal('none') }).safeParse(text).success;
  if (contrastive.teacher === undefined || (teacherWidth !== undefined && !isTaken)) {
    return contrastive;
  }
  const without = (projection: unknown): unknown => {
    if (typeof projection !== 'object' || projection === null) return projection;
    const { width: _, ...rest } = projection as Record<string, unknown>;
    return rest;
  };
  return isTaken
    ? {
        ...contrastive,
        textProjection: without(text),
        videoProjection: without(contrastive.videoProjection),
      }
    : contrastive;
}
