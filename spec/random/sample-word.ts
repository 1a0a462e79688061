/**
 * The 32-bit word that stands for a sample in every draw: FNV-1a over the UTF-8 bytes of its id,
 * then a finaliser, so that ids that differ in one character differ in half of the bits.
 * Two samples of one data set must not share a word: whoever indexes the set gives one of them another id.
 */
export function sampleWord(id: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(id)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
