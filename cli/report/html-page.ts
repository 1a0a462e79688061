import { createHash } from 'node:crypto';
import { type Html as Content, Html, html } from '../../formats/html/html.js';

/** The hash of a script or a style, as a content security policy names it. */
export function contentHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * One self-contained page that loads nothing and connects to nothing: its policy lets no script and no
 * style run but those that are in it now, by their hashes, and no picture show but its own.
 */
export function htmlPage(title: string, style: string, body: Content): string {
  const scripts = [...new Set(body.scripts)].map(contentHash);
  const policy = [
    "default-src 'none'",
    ...(scripts.length === 0 ? [] : [`script-src ${scripts.join(' ')}`]),
    `style-src ${contentHash(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const { text } = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${Html.trusted(policy)}"><meta name="referrer" content="no-referrer">
<title>${title}</title><style>${Html.trusted(style)}</style></head><body>
${body}
</body></html>
`;
  return text;
}
