import {
  capabilitiesOf,
  classifierConfig,
  type ExportedRun,
  type FinetuneManifest,
  modelConfigOf,
  type RunManifest,
} from '../../run/index.js';
import {
  captionEncoderModel,
  classifierLogits,
  clipEncoderModel,
  type Model,
} from '../../spec/index.js';

const VIDEO = 'video_encoder.onnx';
const TEXT = 'text_encoder.onnx';
const CLASSIFIER = 'classifier.onnx';

/** The ONNX files of a run, and what its card says of them. */
export interface OnnxGraphs {
  readonly title: string;
  /** The program of each file, for a batch. */
  readonly files: Readonly<Record<string, (batch: number) => Model>>;
  /** How they are run, in Python. */
  readonly code: readonly string[];
  readonly notes: readonly string[];
  /** Texts for the files themselves. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The files that a run is written as: of a fine-tuned one its classifier, or else its encoders. */
export function encodersOf({ manifest, facts }: ExportedRun): OnnxGraphs {
  return manifest.task === 'finetune'
    ? classifierGraphs(manifest)
    : encoderGraphs(manifest, facts.pad);
}

function encoderGraphs({ settings, vocabulary }: RunManifest, pad: number): OnnxGraphs {
  const { aligns, readsText } = capabilitiesOf(settings);
  const config = modelConfigOf(settings, vocabulary);
  const shape = clipShape(settings);
  const { length } = settings.text;
  return {
    title: 'Encoders of a run of Lacuna',
    files: {
      [VIDEO]: (batch) => clipEncoderModel(config, { batch }),
      ...(readsText ? { [TEXT]: (batch: number) => captionEncoderModel(config, { batch }) } : {}),
    },
    code: [
      ...session(VIDEO, shape),
      'tokens, features = session.run(["tokens", "features"], {"frames": frames})',
    ],
    notes: [
      `\`${VIDEO}\`: \`frames\` u8 [batch, ${shape}], normalised inside. Out: \`tokens\` of the last layer, \`features\`, their mean${aligns ? ', and `embedding`, of length 1, in the shared space' : ''}.`,
      ...(readsText
        ? [
            `\`${TEXT}\`: \`text.ids\` i32 [batch, ${length}] of \`tokenizer.json\`, filled up with id ${pad}, and \`text.lengths\` i32 [batch], tokens that are no filling. Out: \`features\` of the token that stands for the text, and \`embedding\`, of length 1.`,
          ]
        : []),
    ],
    metadata: {},
  };
}

function classifierGraphs({ settings, heads }: FinetuneManifest): OnnxGraphs {
  const config = classifierConfig(settings, heads);
  const shape = clipShape(settings);
  const names = heads.map(({ name }) => `logits.${name}`);
  return {
    title: 'A video classifier of a run of Lacuna',
    files: { [CLASSIFIER]: (batch) => classifierLogits(config, { batch }) },
    code: [
      'import json',
      ...session(CLASSIFIER, shape),
      `classes = json.loads(session.get_modelmeta().custom_metadata_map["classes.${heads[0]?.name}"])`,
      `logits = session.run(["${names[0]}"], {"frames": frames})[0]`,
      'print([classes[row.argmax()] for row in logits])',
    ],
    notes: [
      `\`${CLASSIFIER}\`: \`frames\` u8 [batch, ${shape}], normalised inside. Out: ${heads
        .map(({ name, classes }) => `\`logits.${name}\` [batch, ${classes.length}]`)
        .join(', ')}.`,
      'The names of the classes are in the metadata of the file, in the order of the logits.',
      'The probabilities of a video are the mean over its views of the softmax of the logits.',
    ],
    metadata: Object.fromEntries(
      heads.map(({ name, classes }) => [`classes.${name}`, JSON.stringify(classes)]),
    ),
  };
}

function session(file: string, shape: string): readonly string[] {
  return [
    'import numpy, onnxruntime',
    `session = onnxruntime.InferenceSession("${file}")`,
    `frames = numpy.zeros((8, ${shape}), "uint8")  # any number of clips, RGB as decoded`,
  ];
}

function clipShape({ clip }: RunManifest['settings']): string {
  return `${clip.frames}, ${clip.size}, ${clip.size}, 3`;
}
