import '../frame/quiet-schemas.js';
import type { DemoVersion } from '../../data/demo/demo-options.js';
import { type ClipMaskRequest, drawClipMask } from '../../run/masked-clip/masked-clip.js';
import { LacunaError, MASK_KINDS } from '../../spec/index.js';
import { element } from '../frame/browser.js';
import { control, type PageFile } from '../frame/controls.js';
import { showFailure } from '../frame/failure.js';
import { DEMO_CLIPS, demoFilm } from './demo-film.js';
import { fileFilm } from './file-film.js';
import { type Film, filmClip } from './film.js';
import { FIELDS, fillForm, readForm } from './form.js';
import { MaskView } from './mask-view.js';
import { showMask } from './result.js';

const DEMO_CUT = { frames: 16, stride: 1, size: 64, tubelet: 2, patch: 8 };
/** As `lacuna mask show` cuts a video. */
const FILE_CUT = { frames: 16, stride: 4, size: 224, tubelet: 2, patch: 16 };

const isStill = (
  globalThis as unknown as { matchMedia(query: string): { readonly matches: boolean } }
).matchMedia('(prefers-reduced-motion: reduce)').matches;
const view = new MaskView(!isStill);
let film: Film | undefined;
let read: ReturnType<typeof filmClip> | undefined;
/** Of films that are opened at once the last chosen is taken. */
let taken = 0;
/** Draws are done one after the other; of those that wait the last alone counts. */
let wanted = 0;
let drawing: Promise<void> = Promise.resolve();

/** Takes another film, and draws. */
async function take(open: () => Promise<Film>, cut: typeof DEMO_CUT): Promise<void> {
  const turn = ++taken;
  element('page').setAttribute('data-state', 'working');
  try {
    const next = await open();
    if (turn !== taken) return next[Symbol.dispose]();
    const before = film;
    film = next;
    read = filmClip(next);
    // What is being drawn may still read it.
    void drawing.then(() => before?.[Symbol.dispose]());
    fillForm({ ...cut, id: next.id });
    const { width, height, frameCount } = next.info;
    element('clip-text').textContent =
      `${next.id}: ${width} x ${height} pixels, ${frameCount} frames${next.info.codec === 'drawn' ? ', drawn by the generator of the demo data' : ' at the rate at which this browser shows it'}.`;
  } catch (error) {
    if (turn === taken) showFailure(error, 'refused');
    return;
  }
  await redraw();
}

async function redraw(): Promise<void> {
  const turn = ++wanted;
  drawing = drawing.then(async () => {
    if (turn !== wanted || film === undefined || read === undefined) return;
    element('page').setAttribute('data-state', 'working');
    try {
      const request = readForm();
      const { source, ratio } = MASK_KINDS[request.mask.kind];
      element('kind-text').textContent = `${source}.`;
      element('ratio').setAttribute('placeholder', `${ratio}`);
      requireMap(request, film);
      const drawn = await drawClipMask(request, read, film.similarity);
      view.show(drawn, request.mask.kind);
      showMask(request, drawn, film);
    } catch (error) {
      showFailure(error, 'refused');
    }
  });
  await drawing;
}

/** @throws LacunaError for a mask that follows a caption, over a film that no teacher has looked at. */
function requireMap({ mask: { kind } }: ClipMaskRequest, { similarity }: Film): void {
  if (MASK_KINDS[kind].map !== 'similarity' || similarity !== undefined) return;
  throw new LacunaError({
    what: `the mask ${kind} follows what a teacher sees of a caption in the clip, and no teacher runs in this page`,
    fix: `Take a demo clip, whose boxes stand in for a teacher, or draw it in Node: lacuna mask show FILE --mask ${kind} --caption 'a red circle' --teacher FOLDER --output mask.png`,
  });
}

function takeFile(files: ArrayLike<PageFile> | null | undefined): void {
  const file = files?.[0];
  if (file !== undefined) void take(() => fileFilm(file), FILE_CUT);
}

function takeDemo(): void {
  const version = Number(control('demo-version').value) as DemoVersion;
  const index = Number(control('demo-index').value);
  const isThere = Number.isInteger(index) && index >= 0 && index < DEMO_CLIPS;
  void take(async () => {
    if (isThere) return demoFilm(version, index);
    const expected = `a whole number from 0 to ${DEMO_CLIPS - 1}`;
    throw new LacunaError({ where: 'number', what: 'there is no such demo clip', expected });
  }, DEMO_CUT);
}

for (const form of ['demo', 'mask', 'tokens']) {
  control(form).addEventListener('submit', (event) => event.preventDefault());
}
control('demo').addEventListener('submit', takeDemo);
for (const field of FIELDS) control(field).addEventListener('input', () => void redraw());
control('file').addEventListener('change', () => takeFile(control('file').files));
const place = control('drop');
for (const [event, style] of [
  ['dragover', 'drop over'],
  ['dragleave', 'drop'],
  ['drop', 'drop'],
] as const) {
  place.addEventListener(event, (happening) => {
    happening.preventDefault();
    place.setAttribute('class', style);
    if (event === 'drop') takeFile(happening.dataTransfer?.files);
  });
}
takeDemo();
