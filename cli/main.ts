#!/usr/bin/env node
/**
 * Arguments and presentation: a file a command in `commands/`, flags that several have in `options/`.
 * Everything may come in; nothing else imports what is here, and no command another.
 */
import { Command } from 'commander';
import { requireUtf8 } from './argument-bytes.js';
import { describeFailure } from './failure.js';
import { version } from './version.js';
import { visibleStreams } from './visible-text.js';

/** A command: what the overview says of it, and its file, which is loaded when it is called. */
interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  demo: {
    summary: 'Makes a data set, pretrains on it, and says what the model learned.',
    load: async () => (await import('./commands/demo.js')).demoCommand(),
  },
  data: {
    summary: 'Says what a data set holds and what of it is broken, and writes it as one list.',
    load: async () => (await import('./commands/data.js')).dataCommand(),
  },
  shard: {
    summary: 'Puts the clips of a data set into WebDataset shards, which training reads in place.',
    load: async () => (await import('./commands/shard.js')).shardCommand(),
  },
  caption: {
    summary: 'Writes captions for videos, as a list for `lacuna pretrain`.',
    load: async () => (await import('./commands/caption.js')).captionCommand(),
  },
  similarity: {
    summary: 'Stores how much each part of each frame is like each caption, for masks.',
    load: async () => (await import('./commands/similarity.js')).similarityCommand(),
  },
  mask: {
    summary: 'Shows where masks fall.',
    load: async () => (await import('./commands/mask.js')).maskCommand(),
  },
  import: {
    summary: 'Says what a run that begins with a folder of weights would take of it.',
    load: async () => (await import('./commands/import.js')).importCommand(),
  },
  plan: {
    summary: 'Says what memory and time a run would take, and what batch fits.',
    load: async () => (await import('./commands/plan.js')).planCommand(),
  },
  pretrain: {
    summary: 'Pretrains a masked video-text model on your videos and captions.',
    load: async () => (await import('./commands/pretrain.js')).pretrainCommand(),
  },
  tune: {
    summary: 'Tunes a masked run for retrieval: whole clips, more frames, a lower rate.',
    load: async () => (await import('./commands/tune.js')).tuneCommand(),
  },
  finetune: {
    summary: 'Fine-tunes an encoder to tell the classes of clips, and says how well it does.',
    load: async () => (await import('./commands/finetune.js')).finetuneCommand(),
  },
  evaluate: {
    summary: 'Judges the model of a run on held-out clips.',
    load: async () => (await import('./commands/evaluate.js')).evaluateCommand(),
  },
  retrieve: {
    summary: 'Says how well sentences find their videos, with the protocol of every number.',
    load: async () => (await import('./commands/retrieve.js')).retrieveCommand(),
  },
  index: {
    summary: 'Makes an index of your videos that sentences can be looked up in, and keeps it.',
    load: async () => (await import('./commands/index-videos.js')).indexCommand(),
  },
  search: {
    summary: 'Finds the videos, and the places in them, that a sentence describes.',
    load: async () => (await import('./commands/search.js')).searchCommand(),
  },
  metrics: {
    summary: "Scores a similarity matrix of somebody else by every public code's convention.",
    load: async () => (await import('./commands/metrics.js')).metricsCommand(),
  },
  embed: {
    summary: 'Writes what a model makes of clips, pictures or captions: vectors in a file.',
    load: async () => (await import('./commands/embed.js')).embedCommand(),
  },
  probe: {
    summary: 'Says how well classes can be read off the features of a pretrained encoder.',
    load: async () => (await import('./commands/probe.js')).probeCommand(),
  },
  export: {
    summary: 'Writes the weights of a run for other programs: transformers, ONNX, PyTorch.',
    load: async () => (await import('./commands/export.js')).exportCommand(),
  },
  inspect: {
    summary: 'Tells what a file or a folder holds: tensors, types, metadata, digest.',
    load: async () => (await import('./commands/inspect.js')).inspectCommand(),
  },
  report: {
    summary: 'Writes one self-contained HTML page about a run, or about several.',
    load: async () => (await import('./commands/report.js')).reportCommand(),
  },
  backends: {
    summary: 'Tells which backends and devices can run here, and for each other one why not.',
    load: async () => (await import('./commands/backends.js')).backendsCommand(),
  },
  conform: {
    summary: 'Holds a backend, or a port in any language, to the specification, clause by clause.',
    load: async () => (await import('./commands/conform.js')).conformCommand(),
  },
  bench: {
    summary: 'Measures a training step, as a share of what the device reaches in one product.',
    load: async () => (await import('./commands/bench.js')).benchCommand(),
  },
  serve: {
    summary: "Serves a page that holds a browser's WebGPU to the specification, in the browser.",
    load: async () => (await import('./commands/serve.js')).serveCommand(),
  },
};

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
