import { duration } from '../../core/duration.js';
import { html } from '../../formats/html/html.js';
import type { StepEvaluation, StepMetrics } from '../../run/index.js';
import { element, show } from '../frame/browser.js';
import { curvePicture, type Point, thinned } from './curve.js';
import type { FromTrainer, MemoryCounts, RunState } from './messages.js';

/** Curves are drawn anew at most this often. */
const DRAW_MS = 250;
const VERDICTS: Readonly<Record<Exclude<RunState, 'failed' | 'finished'>, string>> = {
  preparing: 'The GPU is opened.',
  training: 'It trains.',
  pausing: 'It pauses after this step.',
  paused: 'Paused, with a checkpoint: go on, download the run, or close the page and lose it.',
};

/** Keeps the page at what is known of the run. */
export class TrainView {
  #state: RunState | 'ready' = 'ready';
  #metrics: StepMetrics[] = [];
  #evaluations: StepEvaluation[] = [];
  #steps = 0;
  /** The step of the last checkpoint; a run that has just begun has none. */
  #saved: number | undefined;
  #device = '';
  /** When it began to train, and the step that it was at. */
  #since = { time: 0, step: 0 };
  #memory: MemoryCounts | undefined;
  #isDrawing = false;
  /** Whether there is a run that can go on. */
  #hasRun = false;
  #notes: string[] = [];

  get isBusy(): boolean {
    return ['preparing', 'training', 'pausing'].includes(this.#state);
  }

  /** Steps that were done. */
  get #step(): number {
    return this.#metrics.at(-1)?.step ?? 0;
  }

  /** The page can be used; there is no run. */
  ready(told: string): void {
    this.#state = 'ready';
    element('page').setAttribute('data-state', 'ready');
    this.#offer();
    this.say(told);
  }

  /** Says something that changes nothing. */
  say(told: string): void {
    element('verdict').textContent = told;
  }

  tell(message: FromTrainer): void {
    switch (message.kind) {
      case 'state':
        this.#enter(message.state, message.problem);
        return;
      case 'doing':
        this.say(message.text);
        return;
      case 'opened':
        this.forget();
        return;
      case 'device':
        this.#device = `${message.name}${message.isSoftware ? ', in software: take the small model' : ''}`;
        return;
      case 'ready':
        this.#steps = message.steps;
        if (message.doneSteps > 0) this.#saved = message.doneSteps;
        this.#metrics = [...message.metrics];
        this.#evaluations = [...message.evaluations];
        this.#since = { time: performance.now(), step: message.doneSteps };
        this.#hasRun = true;
        this.#offer();
        break;
      case 'step':
        this.#metrics.push(message.line);
        this.#memory = message.memory;
        break;
      case 'evaluation':
        this.#evaluations.push(message.line);
        break;
      case 'checkpoint':
        this.#saved = message.step;
        return;
      case 'pictures':
        this.#pictures(message);
        return;
      case 'note':
        this.#notes = [...this.#notes, message.text].slice(-20);
        element('told').hidden = false;
        show('notes', html`${this.#notes.map((text) => html`<li>${text}</li>`)}`);
        return;
    }
    this.#draw();
  }

  /** A run that is another's begins: nothing of the one before stays. */
  forget(): void {
    this.#metrics = [];
    this.#evaluations = [];
    this.#notes = [];
    [this.#steps, this.#saved, this.#hasRun] = [0, undefined, false];
    element('seen').hidden = true;
    element('told').hidden = true;
    element('run').hidden = true;
    this.#draw();
  }

  #enter(state: RunState, problem: string | undefined): void {
    this.#state = state;
    // What failed before its first checkpoint can only begin anew.
    if (state === 'failed' && this.#saved === undefined) this.#hasRun = false;
    const r1 = this.#scores().at(-1)?.value;
    const chance = this.#chance();
    const found =
      r1 === undefined
        ? ''
        : ` It finds the right one of the held-out clips for ${share(r1)} of the captions${chance === undefined ? '' : `; by chance it would be ${share(chance)}`}.`;
    const verdict =
      state === 'failed'
        ? `${problem ?? ''}${this.#hasRun ? ` The checkpoint of step ${this.#saved ?? 0} is still here: go on, or download the run.` : ''}`
        : state === 'finished'
          ? `Finished.${found} Download the run to keep it.`
          : state === 'paused' && !this.#hasRun
            ? 'Paused before there was a run: start again.'
            : VERDICTS[state];
    this.say(verdict);
    element('page').setAttribute('data-state', state);
    this.#offer();
    this.#draw();
  }

  /** Shows what can be done now. */
  #offer(): void {
    const { isBusy } = this;
    const hasRun = this.#hasRun;
    element('start').hidden = isBusy || hasRun;
    element('pause').hidden = !isBusy;
    element('go-on').hidden = isBusy || !hasRun || this.#state === 'finished';
    element('download').hidden = !hasRun || this.#state === 'preparing';
  }

  /** Soon, and once for all that is told until then. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    setTimeout(() => {
      this.#isDrawing = false;
      this.#drawNow();
    }, DRAW_MS);
  }

  #drawNow(): void {
    const last = this.#metrics.at(-1);
    const isTraining = this.#state === 'training' || this.#state === 'pausing';
    element('progress').hidden = this.#steps === 0;
    element('progress-bar').setAttribute('value', `${this.#step / Math.max(1, this.#steps)}`);
    element('progress-text').textContent =
      this.#steps === 0
        ? ''
        : `${this.#step} of ${this.#steps} steps${isTraining ? this.#left() : ''}`;
    if (last === undefined) return;
    element('run').hidden = false;
    const score = this.#scores().at(-1)?.value;
    const chance = this.#chance();
    const facts: readonly (readonly [string, string])[] = [
      ['loss', number(last.metrics.loss ?? Number.NaN)],
      ['R@1, text to video', score === undefined ? 'not yet known' : share(score)],
      ['by chance', chance === undefined ? 'not yet known' : share(chance)],
      ['learning rate', number(last.learningRate)],
      ['a step', `${last.stepSeconds.toFixed(2)} s`],
      ['device', this.#device],
    ];
    show(
      'facts',
      html`${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}`,
    );
    const lines = thinned(this.#metrics);
    const of = (value: (line: StepMetrics) => number | undefined): readonly Point[] =>
      lines.map((line) => ({ step: line.step, value: value(line) ?? Number.NaN }));
    const steps = this.#steps;
    const parts = Object.keys(last.metrics).filter((name) => name.startsWith('loss'));
    show(
      'curves',
      html`${parts.map((name) => curvePicture({ title: name, points: of(({ metrics }) => metrics[name]), steps, text: number }))}
${curvePicture({ title: 'R@1, text to video', points: this.#scores(), steps, dots: true, text: share, ...(chance === undefined ? {} : { chance }) })}
${curvePicture({ title: 'learning rate', points: of((line) => line.learningRate), steps, text: number })}`,
    );
    // For whoever looks after memory: it must not grow with the steps.
    element('page').setAttribute('data-memory', JSON.stringify(this.#memory ?? {}));
  }

  #left(): string {
    const done = this.#step - this.#since.step;
    if (done < 2) return '';
    const seconds = (performance.now() - this.#since.time) / 1000;
    return `, ${duration((seconds / done) * (this.#steps - this.#step))} left`;
  }

  #scores(): readonly Point[] {
    return this.#evaluations.flatMap(({ step, scores }) => {
      const value = scores['text_to_video.r1'];
      return value === undefined ? [] : [{ step, value }];
    });
  }

  #chance(): number | undefined {
    return this.#evaluations.findLast(({ scores }) => scores['chance.r1'] !== undefined)?.scores[
      'chance.r1'
    ];
  }

  #pictures({ step, clips }: Extract<FromTrainer, { kind: 'pictures' }>): void {
    element('seen').hidden = false;
    element('seen-step').textContent = `As the model of step ${step} fills them in.`;
    show(
      'pictures',
      html`${clips.map(
        ({ caption, strips }) =>
          html`<h3>${caption}</h3><div class="strips">${strips.map(
            ({ title, note, png }) =>
              html`<figure><img src="${png}" alt="${`${title}: ${note}`}"><figcaption><b>${title}</b>: ${note}</figcaption></figure>`,
          )}</div>`,
      )}`,
    );
  }
}

function share(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

function number(value: number): string {
  if (value !== 0 && Math.abs(value) < 1e-3) return value.toExponential(1);
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : 'none';
}
