import { Sha256 } from '../core/sha256.js';
import type { TrainedModel } from '../run/open-program.js';
import { modelConfig } from '../run/settings/settings.js';

/**
 * SHA-256 of what an embedding depends on beside its clip or text: the model's sizes, every tensor of
 * its state, and the backend that computes it.
 */
export function modelDigest({ settings, state, tokenizer, backend }: TrainedModel): string {
  const { name, version, device, contract } = backend.info;
  const digest = new Sha256().update(
    JSON.stringify([
      modelConfig(settings, tokenizer?.vocabSize ?? 0),
      [name, version, device, contract],
    ]),
  );
  for (const [tensor, { dtype, shape, data }] of Object.entries(state).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    digest.update(JSON.stringify([tensor, dtype, shape]));
    digest.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return digest.hex();
}
