#!/usr/bin/env node
/**
 * Arguments and presentation: a file a command in `commands/`, flags that several have in `options/`.
 * Everything may come in; nothing else imports what is here, and no command another.
 */
import { Command } from 'commander';
import { backendsCommand } from './commands/backends.js';
import { benchCommand } from './commands/bench.js';
import { captionCommand } from './commands/caption.js';
import { conformCommand } from './commands/conform.js';
import { demoCommand } from './commands/demo.js';
import { evaluateCommand } from './commands/evaluate.js';
import { maskCommand } from './commands/mask.js';
import { pretrainCommand } from './commands/pretrain.js';
import { probeCommand } from './commands/probe.js';
import { reportCommand } from './commands/report.js';
import { serveCommand } from './commands/serve.js';
import { similarityCommand } from './commands/similarity.js';
import { describeFailure } from './failure.js';
import { version } from './version.js';

const program = new Command('lacuna')
  .description(
    'Masked video-text pretraining: videos and captions in, a pretrained model out,\n' +
      'on any backend, each held to one reference.',
  )
  .version(version())
  .showHelpAfterError('(add --help for the options and examples)')
  .addCommand(demoCommand())
  .addCommand(captionCommand())
  .addCommand(similarityCommand())
  .addCommand(maskCommand())
  .addCommand(pretrainCommand())
  .addCommand(evaluateCommand())
  .addCommand(probeCommand())
  .addCommand(reportCommand())
  .addCommand(backendsCommand())
  .addCommand(conformCommand())
  .addCommand(benchCommand())
  .addCommand(serveCommand())
  .addHelpText(
    'after',
    `
Examples:
  $ lacuna demo                                                           make data, pretrain on it, say what it learned
  $ lacuna caption videos --source model --model captioner                captions for your videos
  $ lacuna similarity --data captions.jsonl --teacher clip --output maps  maps for text-guided masks
  $ lacuna mask show clip.mp4 --mask motion-guided --output mask.png      a picture of where a mask falls
  $ lacuna pretrain --data captions.jsonl --root videos                   pretrain on your videos
  $ lacuna evaluate runs/my-run --data test.jsonl                         retrieval and reconstruction on held-out clips
  $ lacuna probe runs/my-run --data train.jsonl --test test.jsonl         how well classes can be read off its features
  $ lacuna report runs/my-run                                             one HTML page about a run
  $ lacuna backends                                                       what can run here, and why not
  $ lacuna conform                                                        hold a backend to the specification
  $ lacuna serve                                                          the same for a browser's WebGPU, in the browser`,
  );

try {
  await program.parseAsync();
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
