import type { ConformanceReport } from './report.js';

/** What a badge says: how many of the checks passed, and whether that is enough. */
export interface Badge {
  readonly label: string;
  readonly message: string;
  readonly color: 'brightgreen' | 'red' | 'lightgrey';
}

export function badgeOf({ spec, counts, ok, valid, checks }: ConformanceReport): Badge {
  const asked = checks.length - counts['not-run'];
  const message = valid ? `${counts.pass} of ${asked} checks` : 'proved nothing';
  const color = valid ? (ok ? 'brightgreen' : 'red') : 'lightgrey';
  return { label: `lacuna ${spec}`, message, color };
}

/** The badge as an endpoint of shields.io reads it: a file at an address that it can fetch. */
export function badgeEndpoint(report: ConformanceReport): string {
  return `${JSON.stringify({ schemaVersion: 1, ...badgeOf(report) })}\n`;
}

const FILLS = { brightgreen: '#1a7f4b', red: '#b3261e', lightgrey: '#777' } as const;
/** Of a character of the font at 11 pixels, on average, and around a text. */
const [ADVANCE, MARGIN] = [6.6, 12];

/** The badge as a picture, for a page that shows the file itself. */
export function badgeSvg(report: ConformanceReport): string {
  const { label, message, color } = badgeOf(report);
  const widthOf = (text: string): number => Math.round(text.length * ADVANCE + MARGIN);
  const [left, right] = [widthOf(label), widthOf(message)];
  const width = left + right;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="20" role="img" aria-label="${label}: ${message}">
<title>${label}: ${message}</title>
<rect width="${width}" height="20" rx="3" fill="#444"/>
<rect x="${left}" width="${right}" height="20" rx="3" fill="${FILLS[color]}"/>
<rect x="${left}" width="4" height="20" fill="${FILLS[color]}"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="${left / 2}" y="14">${label}</text>
<text x="${left + right / 2}" y="14">${message}</text>
</g>
</svg>
`;
}
