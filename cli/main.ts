#!/usr/bin/env node
/**
 * Arguments and presentation: a file a command in `commands/`, flags that several have in `options/`.
 * Everything may come in; nothing else imports what is here, and no command another.
 */
import { Command } from 'commander';
import { requireUtf8 } from './argument-bytes.js';
import { COMMANDS } from './commands.js';
import { describeFailure } from './failure.js';
import { version } from './version.js';
import { visibleStreams } from './visible-text.js';

const program = new Command('lacuna')
  .description(
    'Masked video-text pretraining: videos and captions in, a pretrained model out,\n' +
      'on any backend, each held to one reference.',
  )
  .version(version())
  .showHelpAfterError('(add --help for the options and examples)')
  .addHelpText(
    'after',
    `
Examples:
  $ lacuna demo                                                           make data, pretrain on it, say what it learned
  $ lacuna data check captions.jsonl --root videos                        what a data set holds, and what is broken
  $ lacuna shard captions.jsonl --root videos --output shards             its clips in WebDataset shards
  $ lacuna caption videos --source model --model captioner                captions for your videos
  $ lacuna similarity --data captions.jsonl --teacher clip --output maps  maps for text-guided masks
  $ lacuna mask show clip.mp4 --mask motion-guided --output mask.png      a picture of where a mask falls
  $ lacuna plan mac-vitb --batch 8 --clips 2500000                        what memory and time a run would take
  $ lacuna pretrain --data captions.jsonl --root videos                   pretrain on your videos
  $ lacuna import vit-base                                                what a run would take of pretrained weights
  $ lacuna tune runs/my-run --data captions.jsonl                         tune it for retrieval, unmasked
  $ lacuna finetune --data train.jsonl --test test.jsonl --init runs/my-run tell the classes of clips
  $ lacuna evaluate runs/my-run --data test.jsonl                         retrieval and reconstruction on held-out clips
  $ lacuna retrieve runs/my-run --data test.jsonl --texts all             how well sentences find their videos
  $ lacuna index videos --model runs/my-run                               an index of your own videos
  $ lacuna search "a dog on a leash"                                      the videos that a sentence describes
  $ lacuna metrics sims.npy                                               a matrix by every code's convention
  $ lacuna embed runs/my-run --data clips.jsonl --output vectors.npy       vectors of clips, pictures or captions in a file
  $ lacuna probe runs/my-run --data train.jsonl --test test.jsonl         how well classes can be read off its features
  $ lacuna export runs/my-run                                             its weights, for other programs
  $ lacuna inspect exports/my-run-hf                                      what a file or a folder holds
  $ lacuna watch runs/my-run                                              a live page about a run
  $ lacuna runs                                                           all runs, and what they reached
  $ lacuna report runs/my-run                                             one HTML page about a run
  $ lacuna backends                                                       what can run here, and why not
  $ lacuna conform                                                        hold a backend to the specification
  $ lacuna serve                                                          the same for a browser's WebGPU, in the browser`,
  );

visibleStreams(process.stdout, process.stderr);
// A reader that has seen enough, `head` say, ends the command: as a shell calls it, by 128 and SIGPIPE.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(141);
});

try {
  requireUtf8(process.argv.slice(2));
  // Only the command that is called is loaded: together they take seconds.
  const named = process.argv.slice(2).filter((word) => Object.hasOwn(COMMANDS, word))[0];
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    program.addCommand((name === named ? await load() : new Command(name)).summary(summary));
  }
  await program.parseAsync();
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 1;
}
