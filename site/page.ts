import type { Html } from '../formats/html/html.js';

/** A page of the site: what it says before its script runs, and which script that is. */
export interface SitePage {
  /** Its file, beside all others: `prove.html`. The site works from any folder, so every address in it is relative. */
  readonly address: `${string}.html`;
  /** Its name in the navigation, and before the name of the project in the title. */
  readonly title: string;
  /** What a visitor can do here, as a sentence; unique in the site. */
  readonly description: string;
  /** What `main` holds: an `h1` first. Everything else is written into its elements by the script. */
  readonly body: Html;
  /** The module that runs on it, from the root of the project: `site/prove/main.ts`. @defaultValue none */
  readonly entry?: string;
  /** Modules that `startWorker` of site/frame/worker.ts starts, from the root of the project. @defaultValue none */
  readonly workers?: readonly string[];
  /** Rules of this page alone: each begins with the class that `main` has, `.prove` of `prove.html`. @defaultValue none */
  readonly style?: string;
}

/** The class of a page's `main`, by which its own rules reach it: `prove` of `prove.html`. */
export function pageClass({ address }: Pick<SitePage, 'address'>): string {
  return address.replace(/\.html$/, '');
}
