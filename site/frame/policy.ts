/**
 * The content security policy of every page, which it states itself, so that it holds whoever serves the
 * folder: scripts and styles are files of the site, pictures and films are the visitor's own, and nothing
 * is asked for or sent by a program. Workers begin as text of the page (`startWorker`), and are held to the same.
 */
export const POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  // What a worker imports counts as a worker, too.
  "worker-src 'self' blob:",
  "style-src 'self'",
  'img-src data: blob:',
  'media-src blob:',
  "form-action 'self'",
  "base-uri 'none'",
].join('; ');
