import type { ClipRecord } from '../../data/index.js';
import type { CaptionSource } from './caption-source.js';
import { checkTemplates, fillTemplate } from './caption-template.js';
import { checkLabels, NO_LABEL } from './check-labels.js';
import { cleanCaption } from './clean-caption.js';
import { labelWords } from './label-words.js';

export const LABEL_TEMPLATE: string = 'a video of {label}';

/**
 * Captions made of the label alone, one a template: what TGM calls an oracle captioner, which
 * "directly outputs the action label" (section 5; the template is ours).
 *
 * @throws LacunaError for a template without a place for the label, and for videos without labels.
 */
export function labelCaptions(
  records: readonly ClipRecord[],
  templates: readonly string[] = [LABEL_TEMPLATE],
): CaptionSource {
  checkTemplates('--template', templates);
  checkLabels(records);
  return {
    facts: { source: 'labels', templates },
    concurrency: 1,
    keyOf: ({ label }) => (label === undefined ? 'no label' : `label ${label}`),
    caption: async ({ label }) => {
      if (label === undefined) return { problem: NO_LABEL };
      const words = labelWords(label);
      return { captions: templates.map((template) => cleanCaption(fillTemplate(template, words))) };
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
