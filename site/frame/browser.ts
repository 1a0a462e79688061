/// <reference types="@webgpu/types" />
import type { Html } from '../../formats/html/html.js';

/**
 * What the page uses of a browser. The DOM's own declarations would reach every file of the
 * program, and clash with Node's.
 */
export interface Browser {
  readonly document: {
    readonly baseURI: string;
    getElementById(id: string): PageElement | null;
    querySelector(selectors: string): PageElement | null;
    querySelectorAll(selectors: string): Iterable<PageElement>;
    createElement(name: string): PageElement;
  };
  readonly location: { readonly search: string };
  readonly navigator: { readonly gpu?: GPU; readonly userAgent: string };
  readonly isSecureContext: boolean;
  /** Text that lives as long as the tab. @throws Error where the visitor lets pages keep nothing. */
  readonly sessionStorage: {
    getItem(key: string): string | null;
    setItem(key: string, value: string): void;
  };
}

export interface PageElement {
  textContent: string | null;
  innerHTML: string;
  readonly id: string;
  hidden: boolean;
  /** Of a field of a form. */
  value?: string;
  append(...parts: readonly (PageElement | string)[]): void;
  querySelector(selectors: string): PageElement | null;
  querySelectorAll(selectors: string): Iterable<PageElement>;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
}

export const BROWSER: Browser = globalThis as unknown as Browser;

/** The element of an id, which the body of its page has (`page.ts` beside the script). */
export function element(id: string): PageElement {
  const found = BROWSER.document.getElementById(id);
  if (found === null) throw new Error(`the page has no element ${id}`);
  return found;
}

/** Shows HTML as the content of an element; nothing else writes markup into the page. */
export function show(id: string, { text }: Html): void {
  element(id).innerHTML = text;
}

/** The browser in words: `Firefox 141.0`; its whole name for itself where none of these is in it. */
export function browserName(userAgent: string): string {
  const names: readonly (readonly [name: string, pattern: RegExp])[] = [
    ['Edge', /Edg(?:A|iOS)?\/([\d.]+)/],
    ['Firefox', /(?:Firefox|FxiOS)\/([\d.]+)/],
    ['Chrome', /(?:HeadlessChrome|Chrome|CriOS)\/([\d.]+)/],
    ['Safari', /Version\/([\d.]+).* Safari\//],
  ];
  for (const [name, pattern] of names) {
    const version = pattern.exec(userAgent)?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return userAgent.slice(0, 200);
}
