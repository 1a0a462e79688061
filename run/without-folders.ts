/** Plain data without the folders of its paths: what is published says nothing of the machine that it was made on. */
export function withoutFolders(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^.*[\\/](?=[^\\/])/, '');
  if (Array.isArray(value)) return value.map(withoutFolders);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'workingFolder');
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutFolders(each)]));
}
