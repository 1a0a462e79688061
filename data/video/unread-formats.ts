/** What common containers are called, for messages: those of `CONTAINERS` in limits.ts, and still pictures. */
export const READ_FORMATS =
  'MP4, MOV, Matroska, WebM, AVI, FLV, GIF, MPEG-PS, MPEG-TS, Ogg or WMV, or a picture as PNG, JPEG or WebP';

/** Formats that FFmpeg may know and that are not opened here, by their first bytes in hexadecimal. */
const UNREAD: readonly (readonly [name: string, head: RegExp])[] = [
  ['a WAV sound', begins(hex('RIFF'), '.{8}', hex('WAVE'))],
  ['a JPEG XL picture', begins('(?:ff0a|0000000c4a584c20)')],
  [
    'an AVIF or HEIF picture',
    begins(
      '0000.{4}',
      hex('ftyp'),
      `(?:${['avif', 'avis', 'heic', 'heix', 'mif1'].map(hex).join('|')})`,
    ),
  ],
  ['a BMP picture', begins(hex('BM'), '.{8}00000000')],
  ['a TIFF picture', begins('(?:49492a00|4d4d002a)')],
  ['uncompressed video (Y4M)', begins(hex('YUV4MPEG2 '))],
  ['a raw H.264 stream', begins('(?:00)?000001(?:06|09|27|47|67)')],
  ['a raw HEVC stream', begins('(?:00)?000001(?:40|42|46|4e)01')],
  ['a raw MPEG video stream', begins('000001b3')],
  ['an IVF file', begins(hex('DKIF'))],
  ['an MXF file', begins('060e2b3402050101')],
  ['a RealMedia file', begins(hex('.RMF'))],
  ['a NUT file', begins(hex('nut/multimedia'))],
  ['a playlist', begins(`(?:${['#EXTM3U', 'ffconcat', '[playlist]'].map(hex).join('|')})`)],
  ['an XML file', begins('(?:efbbbf)?', hex('<?xml'))],
  ['an MP3 sound', begins(hex('ID3'))],
  ['a FLAC sound', begins(hex('fLaC'))],
];

function begins(...parts: readonly string[]): RegExp {
  return new RegExp(`^${parts.join('')}`);
}

function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** What a file that begins so is, in words, where it is not opened here; undefined where nothing is known of it. */
export function unreadFormat(head: Buffer): string | undefined {
  const digits = head.toString('hex');
  return UNREAD.find(([, pattern]) => pattern.test(digits))?.[0];
}
