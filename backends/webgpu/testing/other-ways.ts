import { HARDWARE, type WaysOfLowering } from '../index.js';
import { SMALL } from './small-tiles.js';

interface OtherWay {
  readonly name: string;
  readonly options: WaysOfLowering;
}

/** Other ways to lower a program than SwiftShader's own, each of which some device takes. */
export const OTHER_WAYS: Readonly<Record<'apart' | 'gpu' | 'small' | 'alone', OtherWay>> = {
  apart: { name: 'each operation by itself', options: { fuse: false } },
  gpu: { name: "a GPU's tiles and subgroups", options: { tiling: HARDWARE, subgroups: true } },
  small: {
    name: "a GPU's tiles in small, default limits, no subgroups",
    options: { tiling: SMALL, subgroups: false, defaultLimits: true },
  },
  alone: { name: 'each lane reads for itself: no subgroups', options: { subgroups: false } },
};
