export function fileURLToPath(url: URL): string {
  return url.pathname;
}

export function pathToFileURL(path: string): URL {
  return new URL(`file://${path}`);
}
