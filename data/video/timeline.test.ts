import { describe, expect, it } from 'vitest';
import { orderIn } from './bitstream/picture.js';
import { FILE_START, type PacketFacts, Timeline, timelineOfPackets } from './timeline.js';

interface Facts {
  readonly order: number;
  readonly time?: number;
  readonly isEntry?: boolean;
  readonly isShown?: boolean;
  readonly isCutOff?: boolean;
}

function packets(facts: readonly Facts[]): PacketFacts[] {
  return facts.map(
    ({ order, time = order, isEntry = false, isShown = true, isCutOff = false }) => ({
      ...{ time, isCutOff, isDamaged: false, picture: { order, isEntry, isShown } },
    }),
  );
}

const entry = (order: number): Facts => ({ order, isEntry: true });
const frame = (order: number): Facts => ({ order });

describe('timelineOfPackets', () => {
  it('enters at the last clean entry that is shown at or before the frame', () => {
    // Stored I P B B | I B P; the B after the second I is shown before it.
    const facts = packets([
      entry(0),
      frame(30),
      frame(10),
      frame(20),
      entry(50),
      frame(40),
      frame(60),
    ]);
    const timeline = timelineOfPackets(facts);
    expect(timeline?.frameCount).toBe(7);
    expect([...(timeline?.packetOf ?? [])]).toEqual([0, 2, 3, 1, 5, 4, 6]);
    expect(timeline?.entryBefore(4)).toEqual(FILE_START);
    expect(timeline?.entryBefore(5)).toEqual({ packet: 4, frame: 5 });
    expect(timeline?.entryBefore(6)).toEqual({ packet: 4, frame: 5 });
    expect(timeline?.frameOf(5)).toBe(4);
    expect(timeline?.frameOf(9)).toBeUndefined();
  });

  it('counts neither hidden frames nor those that the container cuts off, and enters at the latter', () => {
    const hidden = { order: 2, isShown: false };
    const timeline = timelineOfPackets(
      packets([
        { ...entry(0), isCutOff: true },
        { ...frame(1), isCutOff: true },
        hidden,
        frame(3),
        entry(4),
      ]),
    );
    expect([...(timeline?.packetOf ?? [])]).toEqual([3, 4]);
    expect(timeline?.entryBefore(0)).toEqual(FILE_START);
    expect(timeline?.entryBefore(1)).toEqual({ packet: 4, frame: 1 });
  });

  it('takes the order of the bitstream where there are no times', () => {
    const facts = packets([entry(0), frame(2), frame(1)]).map((each) => ({
      ...each,
      time: Number.NaN,
    }));
    expect([...(timelineOfPackets(facts)?.packetOf ?? [])]).toEqual([0, 2, 1]);
  });

  it.each([
    ['the first frame is no entry', [frame(0), entry(1)]],
    ['frames are shown before the first entry', [entry(5), frame(3), frame(6)]],
    ['times repeat', [entry(0), { order: 1, time: 0 }]],
    ['times contradict the bitstream', [entry(0), { order: 1, time: 7 }, { order: 2, time: 5 }]],
    ['times are too large to be exact', [entry(0), { order: 1, time: 2 ** 60 }]],
    ['two pictures have one place in the order', [entry(0), frame(1), { order: 1, time: 2 }]],
  ])('leaves it to a full decode when %s', (_, facts) => {
    expect(timelineOfPackets(packets(facts))).toBeUndefined();
  });

  it('leaves it to a full decode when a packet is damaged or not understood', () => {
    const [first, second] = packets([entry(0), frame(1)]);
    if (first === undefined || second === undefined) throw new Error('not reached');
    expect(timelineOfPackets([first, { ...second, isDamaged: true }])).toBeUndefined();
    expect(timelineOfPackets([first, { ...second, picture: undefined }])).toBeUndefined();
  });

  it('keeps sequences that begin their count anew apart', () => {
    expect(orderIn(1, 2 ** 31)).toBeLessThan(orderIn(2, -(2 ** 31)));
  });
});

describe('a timeline', () => {
  it('settles a frame once all that it may be predicted from is there', () => {
    // Stored I P B B | I P B: the first B needs the P that is shown after it.
    const orders = [entry(0), frame(3), frame(1), frame(2), entry(4), frame(6), frame(5)];
    const timeline = timelineOfPackets(packets(orders));
    expect(timeline?.settledBy([1], FILE_START)).toBe(3);
    expect(timeline?.settledBy([0], FILE_START)).toBe(0);
    expect(timeline?.settledBy([4, 5], { packet: 4, frame: 4 })).toBe(6);
  });

  it('has a frame stand in for one that is lost: the nearest before it, or the first', () => {
    const of = (...lost: number[]): Timeline =>
      new Timeline(Int32Array.of(0, 1, 2, 3), [], 4, new Set(lost));
    expect([0, 1, 2, 3].map((index) => of(1, 2).standIn(index))).toEqual([0, 0, 0, 3]);
    expect([0, 1, 2, 3].map((index) => of(0, 1).standIn(index))).toEqual([2, 2, 2, 3]);
    expect(of(0, 1, 2, 3).standIn(2)).toBeUndefined();
  });
});
