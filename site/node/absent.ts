/** In place of a function of Node that browsers have not. */
export type Absent = (...args: readonly unknown[]) => never;

/** Whoever calls it is told so, and takes another way or passes it on. */
export function absent(name: string): Absent {
  return () => {
    throw new Error(`a browser has no ${name}`);
  };
}
