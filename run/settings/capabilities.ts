import type { Objective } from '../../spec/model/presets.js';
import type { RunSettings } from './config.js';

/** What a run's model can do. Whatever depends on the objective asks for one of these. */
export interface Capabilities {
  /** A decoder says what is under the mask. */
  readonly reconstructs: boolean;
  /** Video and text are put in one space. */
  readonly aligns: boolean;
  /** It has a text encoder of its own, and so a tokenizer; else a frozen teacher reads for it. */
  readonly readsText: boolean;
}
export type Capability = keyof Capabilities;

/** Every objective has its line: the compiler asks for it. */
const OF_OBJECTIVE: Readonly<Record<Objective, Omit<Capabilities, 'readsText'>>> = {
  mae: { reconstructs: true, aligns: false },
  contrastive: { reconstructs: false, aligns: true },
  'mae+contrastive': { reconstructs: true, aligns: true },
};

/** What the model of a run with these settings can do. */
export function capabilitiesOf({
  objective,
  contrastive,
}: Pick<RunSettings, 'objective'> & {
  readonly contrastive: Pick<RunSettings['contrastive'], 'teacher'>;
}): Capabilities {
  const { reconstructs, aligns } = OF_OBJECTIVE[objective];
  return { reconstructs, aligns, readsText: aligns && contrastive.teacher === undefined };
}
