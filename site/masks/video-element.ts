import { BROWSER } from '../frame/browser.js';
import type { RatedFrame } from './frame-rate.js';

/** What is used of the browser's own player. */
export interface VideoElement {
  src: string;
  muted: boolean;
  preload: string;
  currentTime: number;
  readonly duration: number;
  readonly readyState: number;
  readonly videoWidth: number;
  readonly videoHeight: number;
  readonly error: { readonly message: string } | null;
  play(): Promise<void>;
  pause(): void;
  load(): void;
  removeAttribute(name: string): void;
  addEventListener(type: string, listener: () => void, options: { readonly once: true }): void;
  /** Is told when a frame is shown, and which; not every browser has it. */
  requestVideoFrameCallback?(listener: (now: number, frame: RatedFrame) => void): void;
}

/** What is used of a canvas. */
export interface CanvasElement {
  width: number;
  height: number;
  getContext(kind: '2d', options?: { readonly willReadFrequently: boolean }): Drawing | null;
}

export interface Drawing {
  drawImage(
    image: unknown,
    ...box: readonly [
      fromX: number,
      fromY: number,
      fromWidth: number,
      fromHeight: number,
      x: number,
      y: number,
      width: number,
      height: number,
    ]
  ): void;
  getImageData(
    x: number,
    y: number,
    width: number,
    height: number,
  ): { readonly data: Uint8ClampedArray };
  createImageData(width: number, height: number): { readonly data: Uint8ClampedArray };
  putImageData(image: unknown, x: number, y: number): void;
}

const MAKER = BROWSER.document as unknown as {
  createElement(name: 'video'): VideoElement;
  createElement(name: 'canvas'): CanvasElement;
};

export function newVideo(): VideoElement {
  return MAKER.createElement('video');
}

export function newCanvas(width: number, height: number): CanvasElement {
  return Object.assign(MAKER.createElement('canvas'), { width, height });
}

/** The context to draw on. */
export function drawingOf(canvas: CanvasElement, isRead = false): Drawing {
  const drawing = canvas.getContext('2d', { willReadFrequently: isRead });
  if (drawing === null) throw new Error('this browser draws no pictures on a canvas');
  return drawing;
}
