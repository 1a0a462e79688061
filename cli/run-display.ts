import type { FinetuneManifest, ProbeManifest, RunManifest } from '../run/index.js';
import type { FinetuneEvent, PretrainEvent, ProbeEvent } from '../training/index.js';
import { evaluationLine } from './evaluation-line.js';
import { formatProgress, type Progress } from './progress-line.js';
import { type LineStream, TerminalLine } from './terminal-line.js';

/** The weight of the newest step in the averages shown. */
const NEWEST = 0.1;

/** Shows a run's events: on a terminal one line that is rewritten, elsewhere a line now and then. */
export class RunDisplay {
  readonly #line: TerminalLine;
  readonly #isTerminal: boolean;
  readonly #onReady: () => void;
  #progress: Progress | undefined;
  readonly #evaluated = new Map<string, number>();

  /** @param onReady Called before the first step: what ends the run from then on, ends it with a checkpoint. */
  constructor(stream: LineStream, onReady: () => void = () => {}) {
    this.#line = new TerminalLine(stream);
    this.#isTerminal = stream.isTTY === true;
    this.#onReady = onReady;
  }

  readonly show = (event: PretrainEvent | ProbeEvent | FinetuneEvent): void => {
    switch (event.kind) {
      case 'ready': {
        this.#onReady();
        const { backend } = event.manifest;
        const { stage } = event;
        const its =
          stage === undefined ? '' : `stage ${stage.number} of ${stage.count} (${stage.name}): `;
        this.#line.line(
          `${its}${described(event.manifest)}; ${backend.name}, ${backend.device}; ` +
            `ready in ${event.compileSeconds.toFixed(1)} s`,
        );
        if (event.doneSteps > (stage?.before ?? 0))
          this.#line.line(`continuing after step ${event.doneSteps} of ${event.steps}`);
        return;
      }
      case 'step': {
        const { step, steps, stepSeconds, waitSeconds, clips } = event;
        const loss = event.metrics.loss ?? Number.NaN;
        const parts = Object.entries(event.metrics).filter(([name]) => name.startsWith('loss.'));
        const before = this.#progress;
        const { loss_scale: scale, skipped = 0 } = event.metrics;
        this.#progress = {
          step,
          steps,
          loss,
          parts: parts.length > 1 ? parts.map(([name, value]) => [name.slice(5), value]) : [],
          ...(scale === undefined
            ? {}
            : { scaling: { scale, skipped: skipped + (before?.scaling?.skipped ?? 0) } }),
          evaluated: [...this.#evaluated],
          stepSeconds: averaged(before?.stepSeconds, stepSeconds),
          waitSeconds: averaged(before?.waitSeconds, waitSeconds),
          clips,
        };
        this.#line.show(formatProgress(this.#progress), step === steps);
        return;
      }
      case 'problem':
        this.#line.line(
          `${event.used === true ? 'incomplete' : 'skipped'} ${event.id}: ${event.reason}`,
        );
        return;
      case 'checkpoint':
        if (!this.#isTerminal) this.#line.line(`checkpoint ${event.path}`);
        return;
      case 'captions':
        this.#count('the teacher embeds the captions', event.done, event.total);
        return;
      case 'features':
        this.#count('the encoder makes the features of the clips', event.done, event.total);
        return;
      case 'evaluation':
        this.#line.line(evaluationLine(event));
        this.#evaluated.set(event.evaluator, Object.values(event.scores)[0] ?? Number.NaN);
        return;
      case 'note':
        this.#line.line(event.text);
        return;
      default:
        event satisfies never;
    }
  };

  /** Something that is made before the run begins. */
  #count(what: string, done: number, total: number): void {
    this.#line.show(`${what}: ${done} of ${total}`, done === total);
  }
}

/** What is trained, in a few words. */
function described(manifest: RunManifest | ProbeManifest | FinetuneManifest): string {
  const { data, parameters } = manifest;
  if (manifest.task === 'linear-probe') {
    const { settings, width, tokens, classes, test } = manifest;
    const { head = 'linear' } = settings;
    const features = tokens === undefined ? `${width} features` : `${tokens} tokens of ${width}`;
    return (
      `probe (${head}) of ${settings.run}: ${features} to ${classes.length} classes, ` +
      `on ${data.clips} clips, judged by ${test.clips}`
    );
  }
  if (manifest.task === 'finetune') {
    const { settings, heads } = manifest;
    const told = heads.map(({ name, classes }) => `${classes.length} classes of ${name}`);
    return (
      `fine-tuning by ${settings.finetuning?.recipe}, ${(parameters / 1e6).toFixed(1)} M parameters, ` +
      `on ${clipsOf(data)} clips, ${told.join(' and ')}`
    );
  }
  const { settings, tokens } = manifest;
  return (
    `${settings.objective} of ${settings.preset}, ${(parameters / 1e6).toFixed(1)} M parameters, ` +
    `on ${clipsOf(data)} clips; ${tokens.visible} of ${tokens.visible + tokens.masked} tokens visible`
  );
}

/** Clips of all lists of a run. */
function clipsOf({ clips, others = [] }: RunManifest['data']): number {
  return others.reduce((sum, other) => sum + other.clips, clips);
}

function averaged(before: number | undefined, value: number): number {
  return before === undefined ? value : before * (1 - NEWEST) + value * NEWEST;
}
