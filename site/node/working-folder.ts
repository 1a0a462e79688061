/** The folder that relative paths start from, and that a run which begins here is in. */
export const WORKING_FOLDER = '/new/demo-in-browser';

export function cwd(): string {
  return WORKING_FOLDER;
}
