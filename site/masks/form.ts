import { CAMERA_MOTIONS, type CameraMotion } from '../../data/motion/motion-map.js';
import type { ClipMaskRequest } from '../../run/masked-clip/masked-clip.js';
import { LacunaError, MASK_KIND_NAMES, type MaskKindName } from '../../spec/index.js';
import { control } from '../frame/controls.js';

type WholeField = 'seed' | 'epoch' | keyof ClipMaskRequest['clip'];

/** The fields that hold whole numbers, and from what to what: a page that hangs helps nobody. */
const WHOLE: Readonly<Record<WholeField, readonly [least: number, most: number]>> = {
  seed: [0, Number.MAX_SAFE_INTEGER],
  epoch: [0, 0xffff_ffff],
  frames: [1, 64],
  stride: [1, 1024],
  size: [8, 448],
  tubelet: [1, 64],
  patch: [4, 448],
};

/** All fields that say what is drawn. */
export const FIELDS: readonly string[] = [...Object.keys(WHOLE), 'kind', 'ratio', 'camera', 'id'];

/** What the form asks for. @throws LacunaError naming a field that holds something else. */
export function readForm(): ClipMaskRequest {
  const kind = control('kind').value as MaskKindName;
  const ratio = ratioOf(control('ratio').value);
  const camera = control('camera').value as CameraMotion;
  if (!MASK_KIND_NAMES.includes(kind) || !CAMERA_MOTIONS.includes(camera)) {
    throw new LacunaError({ where: 'the form', what: 'there is no such choice' });
  }
  return {
    mask: { kind, ...(ratio === undefined ? {} : { ratio }) },
    motion: { source: 'block-matching', camera },
    clip: {
      frames: whole('frames'),
      size: whole('size'),
      tubelet: whole('tubelet'),
      patch: whole('patch'),
      stride: whole('stride'),
    },
    seed: whole('seed'),
    epoch: whole('epoch'),
    id: control('id').value.slice(0, 1000),
  };
}

/** Writes how a film of this kind is cut unless the visitor says otherwise. */
export function fillForm(values: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(values)) control(name).value = `${value}`;
}

function whole(name: WholeField): number {
  const text = control(name).value.trim();
  const [least, most] = WHOLE[name];
  const value = Number(text);
  if (/^\d{1,16}$/.test(text) && value >= least && value <= most) return value;
  throw new LacunaError({
    where: name,
    what: 'there is no such value',
    got: text === '' ? 'nothing' : text.slice(0, 40),
    expected: `a whole number from ${least} to ${most}`,
  });
}

/** Undefined where the field is empty: then the kind's own holds. */
function ratioOf(text: string): number | undefined {
  if (text.trim() === '') return undefined;
  const ratio = Number(text);
  if (ratio >= 0 && ratio < 1) return ratio;
  throw new LacunaError({
    where: 'ratio',
    what: 'there is no such share of masked tokens',
    got: text.slice(0, 40),
    expected: 'at least 0 and below 1',
  });
}
