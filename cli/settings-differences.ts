/** The keys of settings at any depth, with their values as text. */
export function flatSettings(value: unknown, prefix: string = ''): readonly [string, string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [[prefix, typeof value === 'string' ? value : JSON.stringify(value)]];
  }
  return Object.entries(value).flatMap(([key, inner]) =>
    flatSettings(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}

/** A setting that is not the same in all: the value of each, undefined where it has none. */
export interface SettingsDifference {
  readonly key: string;
  readonly values: readonly (string | undefined)[];
}

/** The settings in which several differ, in the order of their keys. `leftOut` are keys that always do. */
export function settingsDifferences(
  all: readonly unknown[],
  leftOut: readonly string[] = [],
): readonly SettingsDifference[] {
  const flat = all.map((settings) => new Map(flatSettings(settings)));
  const keys = [...new Set(flat.flatMap((settings) => [...settings.keys()]))].sort();
  return keys
    .filter((key) => !leftOut.includes(key))
    .map((key) => ({ key, values: flat.map((settings) => settings.get(key)) }))
    .filter(({ values }) => new Set(values).size > 1);
}
