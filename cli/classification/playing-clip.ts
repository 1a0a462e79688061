import { encode } from 'fast-png';
import { type Html, html } from '../../formats/html/html.js';

/** Frames a second that a clip plays with: clips are short, and one looks at them twice. */
const FRAMES_PER_SECOND = 6;
/** Pictures are enlarged by a whole factor to about this side. */
const SIDE = 112;

/**
 * A clip that plays, without a script: all frames side by side in one picture, of which a frame shows at a time; the page's style
 * moves it (`playingStyle`). `frames` u8 [T, S, S, 3].
 */
export function playingClip(frames: Uint8Array, size: number, title: string): Html {
  const count = Math.floor(frames.length / (size * size * 3));
  const width = count * size;
  const data = new Uint8Array(width * size * 3);
  for (let frame = 0; frame < count; frame++) {
    for (let y = 0; y < size; y++) {
      const from = (frame * size + y) * size * 3;
      data.set(frames.subarray(from, from + size * 3), (y * width + frame * size) * 3);
    }
  }
  const png = Buffer.from(encode({ width, height: size, data, channels: 3, depth: 8 }));
  return html`<div class="playing" tabindex="0"><img src="data:image/png;base64,${png.toString('base64')}" alt="${title}"></div>`;
}

/** The style that plays clips of T frames of S x S; whoever asks the system for less motion starts one by pointing at it. */
export function playingStyle(frames: number, size: number): string {
  const side = size * Math.max(1, Math.round(SIDE / size));
  return `
.clips { display: grid; grid-template-columns: repeat(auto-fill, minmax(max(${side}px, 9rem), 1fr)); gap: 1rem; }
.clips figure { min-width: 0; overflow-wrap: anywhere; }
.playing { width: ${side}px; height: ${side}px; overflow: hidden; border-radius: 3px; }
.playing img { width: ${frames * side}px; max-width: none; height: ${side}px; image-rendering: pixelated; animation: playing ${(frames / FRAMES_PER_SECOND).toFixed(2)}s steps(${frames}) infinite; }
@keyframes playing { to { transform: translateX(-100%); } }
@media (prefers-reduced-motion: reduce) { .playing img { animation-play-state: paused; } .playing:hover img, .playing:focus img { animation-play-state: running; } }
`;
}
