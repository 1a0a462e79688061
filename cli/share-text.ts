import type { ShareInterval } from '../spec/index.js';

/** `62.5 % [45.1, 77.1]` */
export function shareText({ share, low, high }: ShareInterval): string {
  return `${percent(share)} [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
