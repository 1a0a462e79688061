import { Command } from 'commander';
import { jsonOption } from '../options/json-option.js';
import { startPageServer } from '../serve/page-server.js';
import { serveUntilStopped } from '../serve/serve-until-stopped.js';
import { wholeNumber } from '../whole-number.js';

interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly name?: string;
  readonly json?: boolean;
}

export function serveCommand(): Command {
  return new Command('serve')
    .description('Serves pages that prove and measure a GPU, draw masks and train, in the browser.')
    .option('--port <n>', 'where to listen; 0 takes a free port', wholeNumber(0, 65_535), 8787)
    .option('--host <address>', 'the address to listen at', '127.0.0.1')
    .option('--name <host>', 'another name of the server: that of a proxy with HTTPS before it')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Browsers grant WebGPU to pages of the same machine and over HTTPS only. To try a phone's: connect it,
adb reverse tcp:8787 tcp:8787, and open http://localhost:8787 on the phone; or a proxy with HTTPS.

The pages are files, which any other web server can serve too: docs/site.md. They ask for themselves and for
nothing else, and send nothing.

  prove.html          holds the browser's WebGPU to the specification
  measure.html        measures what it reaches
  masks.html          draws masks over a clip
  train.html          trains
  specification.html  every clause, beside its checks

The first takes its choices from its address:
  ?filter=primitive/    only checks whose id begins so
  &clause=op.softmax    only checks that hold to this clause of the specification
  &cases=30&seed=1      cases of each family, and what they are drawn from
  &fuse=off             a kernel for each operation
  &limits=default       no more than every implementation grants
  &subgroups=off        no subgroup operations
  &precision=mixed      products of f16

Examples:
  $ lacuna serve
  $ lacuna serve --port 0
  $ lacuna serve --host 0.0.0.0 --name gpu.example.org`,
    )
    .action(async ({ json = false, ...flags }: ServeFlags) => {
      const server = await startPageServer(flags);
      await serveUntilStopped(server, json, { result: { pages: server.pages } });
    });
}
