/**
 * The 256 characters that stand for the 256 byte values in a byte-level vocabulary, by byte:
 * printable Latin-1 bytes stand for themselves, the others take code points from 256 upwards.
 *
 * Source: GPT-2's `bytes_to_unicode`; Hugging Face's `ByteLevel` uses the same table.
 */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

function byteCharacters(): string[] {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : next++);
  });
}
