import {
  capabilitiesOf,
  type LoadedModel,
  requireTeacherOf,
  type TrainedModel,
} from '../run/index.js';
import { openAligner } from './open-aligner.js';

/** The model with the frozen teacher that it was aligned with, where there is one. */
export async function withTeacher<R>(
  model: LoadedModel,
  onNote: (text: string) => void,
  body: (whole: TrainedModel) => Promise<R>,
): Promise<R> {
  const { teacher: folder } = model.settings.contrastive;
  if (!capabilitiesOf(model.settings).aligns || folder === undefined) return body(model);
  const teacher = await openAligner(folder, { onNote });
  try {
    requireTeacherOf(model.manifest, teacher);
    return await body({ ...model, teacher });
  } finally {
    await teacher.dispose();
  }
}
