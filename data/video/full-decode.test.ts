import { describe, expect, it } from 'vitest';
import { type DecodedFrame, examined, lostInOrder, timelineOfDecode } from './full-decode.js';
import { type PacketFacts, timelineOfPackets } from './timeline.js';

/** Stored as shown, with entries at some packets; `hidden` ones give no frame. */
function packets(
  count: number,
  entries: readonly number[],
  hidden: readonly number[] = [],
): PacketFacts[] {
  return Array.from({ length: count }, (_, order) => ({
    time: order,
    isCutOff: false,
    isDamaged: false,
    picture: { order, isEntry: entries.includes(order), isShown: !hidden.includes(order) },
  }));
}

/** The frames that came out of these packets; those of `madeUp` are flagged. */
function frames(given: readonly number[], madeUp: readonly number[] = []): DecodedFrame[] {
  return given.map((packet) => ({
    packet,
    isMadeUp: madeUp.includes(packet),
    isKey: packet === 0,
  }));
}

describe('the timeline of a full decode', () => {
  const facts = packets(5, [0, 2, 4]);

  it('has the frames that were given, and enters where the bitstream is clean', () => {
    const timeline = timelineOfDecode(facts, { frames: frames([0, 2, 3]), refused: [] });
    expect(timeline.frameCount).toBe(3);
    expect(timeline.entries).toEqual([{ packet: 2, frame: 1 }]);
    expect(timeline.lost?.size).toBe(0);
  });

  it('loses a frame that was made up, and what may be predicted from it, and enters nowhere', () => {
    const timeline = timelineOfDecode(facts, { frames: frames([0, 1, 2, 3, 4], [2]), refused: [] });
    expect(timeline.entries).toEqual([]);
    expect([...(timeline.lost ?? [])]).toEqual([2, 3]);
  });

  it('loses what may be predicted from a hidden packet that was refused, once there is a frame', () => {
    const hidden = packets(6, [0, 4], [2]);
    const given = frames([0, 1, 3, 4, 5]);
    const timeline = timelineOfDecode(hidden, { frames: given, refused: [2] });
    expect([...(timeline.lost ?? [])]).toEqual([2]);
    const cut = timelineOfDecode(packets(3, [1], [0]), { frames: frames([1, 2]), refused: [0] });
    expect(cut.lost?.size).toBe(0);
  });

  it('counts where one packet gives two frames', () => {
    const timeline = timelineOfDecode(facts, { frames: frames([0, 2, 2]), refused: [] });
    expect([timeline.frameCount, timeline.isCounted]).toEqual([3, true]);
    expect(timeline.entryBefore(2).packet).toBe(0);
  });

  it('loses what follows a refused packet, up to a key frame, where packets tell nothing', () => {
    const unread = packets(7, []).map((each) => ({ ...each, picture: undefined }));
    const given = [0, 1, 3, 4, 5, 6].map((packet) => ({
      packet,
      isMadeUp: false,
      isKey: packet === 0 || packet === 5,
    }));
    const timeline = timelineOfDecode(unread, { frames: given, refused: [2] });
    expect([...(timeline.lost ?? [])]).toEqual([2, 3]);
    expect(timeline.entries).toEqual([]);
  });

  it('goes by the frames that the decoder calls key where packets tell nothing', () => {
    const keys = [true, false, false, true, false];
    const told = keys.map((isKey, index) => ({ packet: index, isKey, isMadeUp: index === 1 }));
    expect([...lostInOrder(told)]).toEqual([1, 2]);
    const unread = facts.map((each) => ({ ...each, picture: undefined }));
    expect([...(timelineOfDecode(unread, { frames: told, refused: [] }).lost ?? [])]).toEqual([
      1, 2,
    ]);
  });
});

describe('a timeline of packets that was examined', () => {
  const timeline = timelineOfPackets(packets(7, [0, 3, 5], [4]));
  const lost = (
    given: readonly number[],
    madeUp: readonly number[],
    refused: readonly number[] = [],
  ) => [
    ...((timeline && examined(timeline, { frames: frames(given, madeUp), refused }).lost) ?? []),
  ];

  it('has lost what did not come, was made up or follows it, up to the next clean entry', () => {
    expect(lost([0, 1, 2, 3, 5, 6], [])).toEqual([]);
    expect(lost([0, 2, 3, 5, 6], [])).toEqual([1, 2]);
    expect(lost([0, 1, 2, 3, 5, 6], [5])).toEqual([4, 5]);
    // Packet 1 gives a frame after all, so that it was refused means nothing.
    expect(lost([0, 1, 2, 3, 5, 6], [], [1])).toEqual([]);
  });

  it('keeps its entries', () => {
    const known = timeline && examined(timeline, { frames: frames([0, 3]), refused: [] });
    expect(known?.entries).toEqual(timeline?.entries);
  });
});
