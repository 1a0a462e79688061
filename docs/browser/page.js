import { encode, openEncoder } from './encode.js';

const [form, model, frames, state, outputs] = ['form', 'model', 'frames', 'state', 'outputs'].map(
  (id) => document.getElementById(id),
);

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  tell('running', 'Running.');
  outputs.textContent = '';
  try {
    const began = performance.now();
    const encoder = await openEncoder(new Uint8Array(await model.files[0].arrayBuffer()));
    const clip = await clipOf([...frames.files], encoder);
    const found = await encode(encoder, clip);
    outputs.textContent = JSON.stringify(found);
    tell('done', `Done, after ${Math.round(performance.now() - began)} ms.`);
  } catch (error) {
    tell('failed', error instanceof Error ? error.message : String(error));
  }
});

function tell(name, text) {
  state.dataset.state = name;
  state.textContent = text;
}

/** The bytes of a clip: the middle square of each picture, scaled to the size of a frame. */
async function clipOf(files, { length, height, width }) {
  if (files.length !== length) {
    throw new Error(`A clip of this model has ${length} frames, and ${files.length} are chosen.`);
  }
  // frame-9 before frame-10.
  files.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  const clip = new Uint8Array(length * height * width * 3);
  for (const [index, file] of files.entries()) {
    const picture = await createImageBitmap(file, { colorSpaceConversion: 'none' });
    const side = Math.min(picture.width, picture.height);
    const [left, top] = [(picture.width - side) / 2, (picture.height - side) / 2];
    context.drawImage(picture, left, top, side, side, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    for (let pixel = 0; pixel < width * height; pixel++) {
      clip.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * (index * width * height + pixel));
    }
  }
  return clip;
}
