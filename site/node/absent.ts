/** What a module of Node has and browsers do not: whoever asks for it is told so, and takes another way or passes it on. */
export function absent(name: string): (...args: readonly unknown[]) => never {
  return () => {
    throw new Error(`a browser has no ${name}`);
  };
}
