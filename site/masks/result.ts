import type { ClipMask, ClipMaskRequest } from '../../run/masked-clip/masked-clip.js';
import { completeMaskConfig, MASK_KINDS } from '../../spec/index.js';
import { element } from '../frame/browser.js';
import { holdFile, offerFile } from '../frame/controls.js';
import type { Film } from './film.js';
import { framesPicture, maskPicture, maskText } from './mask-file.js';

/** Says what was drawn, and offers it as files. */
export function showMask(request: ClipMaskRequest, drawn: ClipMask, film: Film): void {
  const { kind } = request.mask;
  const { visible, masked } = drawn.mask;
  const all = visible.length + masked.length;
  const { slots, rows, columns } = drawn.grid;
  const { ratio } = completeMaskConfig(request.mask);
  const notes = [
    `${visible.length} of ${all} tokens stay visible (${slots} x ${rows} x ${columns}, ${kind} at ratio ${ratio}).`,
    ...(drawn.motionSource === undefined ? [] : ['Motion by block matching.']),
    ...(film.similarity !== undefined && drawn.map !== undefined && drawn.motionSource === undefined
      ? ["The boxes of the demo's main object stand in for a teacher."]
      : []),
    ...(new Set(drawn.frameIndices).size === drawn.frameIndices.length
      ? []
      : ['The video is shorter than the clip, which repeats frames.']),
  ];
  element('verdict').textContent = notes.join(' ');
  element('caption').textContent =
    `From the left: the clip, the mask (masked patches grey)${drawn.map === undefined ? '' : ', what guides it (red is high)'}.`;
  element('film').setAttribute('aria-label', `The clip and its ${kind} mask. ${notes[0]}`);
  const picture = maskPicture(drawn, request);
  element('sheet').setAttribute('src', holdFile('sheet', 'image/png', picture));
  element('sheet').setAttribute('alt', `Every slot of the clip with its ${kind} mask.`);
  offerFile('json', {
    name: 'mask.json',
    type: 'application/json',
    content: () => maskText(request, drawn),
  });
  offerFile('picture', { name: 'mask.png', type: 'image/png', content: () => picture });
  offerFile('pixels', {
    name: 'frames.png',
    type: 'image/png',
    content: () => framesPicture(drawn),
  });
  element('command').textContent = commandOf(request);
  element('files').hidden = false;
  element('page').setAttribute('data-state', 'ready');
}

/** The command that draws the same of a file in Node. */
function commandOf({ mask, motion, clip, seed, epoch, id }: ClipMaskRequest): string {
  const ratio = mask.ratio === undefined ? '' : ` --ratio ${mask.ratio}`;
  const cut = Object.entries(clip).map(([name, value]) => ` --${name} ${value}`);
  const guide =
    MASK_KINDS[mask.kind].map === 'similarity' ? ' --caption TEXT --teacher FOLDER' : '';
  return `lacuna mask show FILE --mask ${mask.kind}${guide}${ratio}${cut.join('')} --seed ${seed} --epoch ${epoch} --id '${id.replaceAll("'", "'\\''")}' --motion-source block-matching --camera ${motion.camera} --output mask.png`;
}
