import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { SITE_PAGES } from '../site/pages.js';
import { LacunaError } from '../spec/index.js';
import { buildSite, ROOT } from './site/build-site.js';

/** Writes the site that runs in browsers: `npm run site [-- --out DIR]`. */
const HELP = `Writes the site: a folder that any web server can serve, and \`lacuna serve\` does.

  npm run site                     into dist/site
  npm run site -- --out DIR        into DIR, which is empty or has a site
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { out: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) return console.log(HELP);
  const out = resolve(values.out ?? join(ROOT, 'dist', 'site'));
  await buildSite(SITE_PAGES, out);
  console.log(`${SITE_PAGES.length} pages in ${out}`);
}

main().catch((error: unknown) => {
  // A wrong word on the command line is a TypeError of Node's, and its sentence is enough.
  const isSaid = error instanceof LacunaError || error instanceof TypeError;
  console.error(isSaid ? `error: ${error.message}` : error);
  process.exitCode = 1;
});
