import type { Command } from 'commander';

/** A command: what the overview says of it, and its file, which is loaded when it is called. */
export interface CommandEntry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the overview. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
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
  sweep: {
    summary: 'Trains and judges a list of overrides with several seeds, and writes one table.',
    load: async () => (await import('./commands/sweep.js')).sweepCommand(),
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
  runs: {
    summary: 'Lists runs and what they reached, and compares their settings.',
    load: async () => (await import('./commands/runs.js')).runsCommand(),
  },
  watch: {
    summary: 'Serves a live page about a run: curves, pictures, pace, problems.',
    load: async () => (await import('./commands/watch.js')).watchCommand(),
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
