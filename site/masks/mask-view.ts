import { maskViews } from '../../run/masked-clip/mask-pictures.js';
import type { ClipMask } from '../../run/masked-clip/masked-clip.js';
import type { MaskKindName } from '../../spec/index.js';
import { element } from '../frame/browser.js';
import { control } from '../frame/controls.js';
import { type CanvasElement, type Drawing, drawingOf } from './video-element.js';

const FRAMES_PER_SECOND = 8;
const GAP = 4;

/** The film of a mask: the clip, its masked frames and the map that guides it, side by side, playing. */
export class MaskView {
  readonly #canvas = element('film') as unknown as CanvasElement;
  readonly #drawing: Drawing = drawingOf(this.#canvas);
  readonly #place = control('frame');
  readonly #button = control('play');
  #clip: ClipMask | undefined;
  #viewsOf: (t: number) => readonly Uint8Array[] = () => [];
  #frame = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(plays: boolean) {
    this.#button.addEventListener('click', () => this.#play(this.#timer === undefined));
    this.#place.addEventListener('input', () => {
      this.#play(false);
      this.#show(Number(this.#place.value));
    });
    this.#play(plays);
  }

  /** Shows another mask, from the frame that is shown now. */
  show(clip: ClipMask, kind: MaskKindName): void {
    this.#clip = clip;
    this.#viewsOf = maskViews(clip, kind);
    const count = this.#viewsOf(0).length;
    this.#canvas.width = count * (clip.size + GAP) - GAP;
    this.#canvas.height = clip.size;
    this.#place.setAttribute('max', `${clip.frames - 1}`);
    this.#show(Math.min(this.#frame, clip.frames - 1));
  }

  #play(plays: boolean): void {
    clearInterval(this.#timer);
    this.#timer = plays
      ? setInterval(() => this.#show(this.#frame + 1), 1000 / FRAMES_PER_SECOND)
      : undefined;
    this.#button.textContent = plays ? 'Pause' : 'Play';
  }

  #show(frame: number): void {
    const clip = this.#clip;
    if (clip === undefined) return;
    this.#frame = frame % clip.frames;
    this.#place.value = `${this.#frame}`;
    const slot = Math.floor(this.#frame / clip.tubelet);
    element('frame-text').textContent =
      `frame ${this.#frame + 1} of ${clip.frames}, slot ${slot + 1} of ${clip.grid.slots}`;
    for (const [x, pixels] of this.#viewsOf(this.#frame).entries()) {
      const image = this.#drawing.createImageData(clip.size, clip.size);
      for (let i = 0; i < clip.size ** 2; i++) {
        for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[3 * i + c] as number;
        image.data[4 * i + 3] = 255;
      }
      this.#drawing.putImageData(image, x * (clip.size + GAP), 0);
    }
  }
}
