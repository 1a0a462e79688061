/** Names of tensors with the numbers of blocks left open, each once: `encoder.{i}.norm1.weight`. */
export function grouped(names: readonly string[]): readonly string[] {
  const groups = new Set(names.map((name) => name.replace(/(?<=\.)\d+(?=\.)/g, '{i}')));
  return [...groups].slice(0, MOST).map((name) => name.slice(0, 256));
}

/** Of a stranger's file there could be 100,000. */
const MOST = 200;
