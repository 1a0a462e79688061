/** Embeddings of B pairs, row-major [B, D], not yet normalised. */
export interface InfoNceInput {
  readonly text: Float64Array;
  readonly video: Float64Array;
  readonly batch: number;
  /** 1 / tau. */
  readonly scale: number;
  readonly directions: 'mean' | 'sum';
  /** Numbers that are equal where captions are, which are then positives. @defaultValue all different */
  readonly captions?: ArrayLike<number>;
  /** Below this length an embedding is not stretched to length 1. @defaultValue 1e-12 */
  readonly eps?: number;
}

/** A loss and its gradients by hand. */
export interface InfoNceResult {
  readonly loss: number;
  readonly dText: Float64Array;
  readonly dVideo: Float64Array;
  /** By log(1 / tau): what a learned temperature receives. */
  readonly dLogScale: number;
}

/**
 * With t, v the rows x / max(|x|, eps) and S = scale * t v^T:
 * L = w * [mean_i -sum_j Q[i, j] log softmax(S[i, :])[j] + mean_j -sum_i Q[i, j] log softmax(S[:, j])[i]],
 * w = 1/2 or 1; Q[i, j] = 1 / n where captions i and j are among the n equal ones, and 0 elsewhere: the
 * identity I where all differ.
 * G = dL/dS = (w / B) (P_rows + P_columns - 2 Q), with P the softmax of rows and of columns;
 * dt = scale * G v, dv = scale * G^T t, dL/dlog(scale) = sum G * S,
 * dx = (dt - t (t . dt)) / |x|, or dt / eps where |x| < eps.
 * Plain loops in float64, independent of any program.
 */
export function infoNceClosedForm(input: InfoNceInput): InfoNceResult {
  const { batch, scale, directions, captions, eps = 1e-12 } = input;
  const target = (i: number, j: number): number => {
    if (captions === undefined) return i === j ? 1 : 0;
    let equal = 0;
    for (let k = 0; k < batch; k++) if (captions[k] === captions[i]) equal += 1;
    return captions[i] === captions[j] ? 1 / equal : 0;
  };
  const text = normalize(input.text, batch, eps);
  const video = normalize(input.video, batch, eps);
  const size = input.text.length / batch;
  const logits = new Float64Array(batch * batch);
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < batch; j++) {
      let dot = 0;
      for (let d = 0; d < size; d++)
        dot += get(text.rows, i * size + d) * get(video.rows, j * size + d);
      logits[i * batch + j] = scale * dot;
    }
  }
  const weight = (directions === 'mean' ? 0.5 : 1) / batch;
  const gradient = new Float64Array(batch * batch);
  let loss = 0;
  for (let i = 0; i < batch; i++) {
    const row = Array.from({ length: batch }, (_, j) => i * batch + j);
    const column = Array.from({ length: batch }, (_, j) => j * batch + i);
    for (const places of [row, column]) {
      const largest = Math.max(...places.map((place) => get(logits, place)));
      let total = 0;
      for (const place of places) total += Math.exp(get(logits, place) - largest);
      const logTotal = largest + Math.log(total);
      for (const [j, place] of places.entries()) {
        const wanted = target(i, j);
        loss += weight * wanted * (logTotal - get(logits, place));
        gradient[place] = get(gradient, place) - weight * wanted;
        gradient[place] = get(gradient, place) + weight * Math.exp(get(logits, place) - logTotal);
      }
    }
  }
  const dTextRow = new Float64Array(input.text.length);
  const dVideoRow = new Float64Array(input.video.length);
  let dLogScale = 0;
  for (let i = 0; i < batch; i++) {
    for (let j = 0; j < batch; j++) {
      const g = get(gradient, i * batch + j);
      dLogScale += g * get(logits, i * batch + j);
      for (let d = 0; d < size; d++) {
        const [t, v] = [i * size + d, j * size + d];
        dTextRow[t] = get(dTextRow, t) + scale * g * get(video.rows, v);
        dVideoRow[v] = get(dVideoRow, v) + scale * g * get(text.rows, t);
      }
    }
  }
  return {
    loss,
    dText: throughNormalize(text, dTextRow, batch, eps),
    dVideo: throughNormalize(video, dVideoRow, batch, eps),
    dLogScale,
  };
}

interface Normalized {
  readonly rows: Float64Array;
  readonly lengths: Float64Array;
}

function normalize(x: Float64Array, batch: number, eps: number): Normalized {
  const size = x.length / batch;
  const rows = new Float64Array(x.length);
  const lengths = new Float64Array(batch);
  for (let i = 0; i < batch; i++) {
    let squares = 0;
    for (let d = 0; d < size; d++) squares += get(x, i * size + d) ** 2;
    lengths[i] = Math.sqrt(squares);
    for (let d = 0; d < size; d++) {
      rows[i * size + d] = get(x, i * size + d) / Math.max(get(lengths, i), eps);
    }
  }
  return { rows, lengths };
}

function throughNormalize(
  { rows, lengths }: Normalized,
  dRows: Float64Array,
  batch: number,
  eps: number,
): Float64Array {
  const size = rows.length / batch;
  const out = new Float64Array(rows.length);
  for (let i = 0; i < batch; i++) {
    let along = 0;
    if (get(lengths, i) > eps) {
      for (let d = 0; d < size; d++) along += get(rows, i * size + d) * get(dRows, i * size + d);
    }
    for (let d = 0; d < size; d++) {
      const k = i * size + d;
      out[k] = (get(dRows, k) - get(rows, k) * along) / Math.max(get(lengths, i), eps);
    }
  }
  return out;
}

function get(x: Float64Array, i: number): number {
  return x[i] as number;
}
