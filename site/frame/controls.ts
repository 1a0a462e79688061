import { BROWSER, type PageElement } from './browser.js';

/** What happens on a page, as far as a listener looks at it. */
export interface PageEvent {
  preventDefault(): void;
  readonly dataTransfer?: { readonly files: ArrayLike<PageFile> } | null;
}

/** A file that the visitor chose; it stays on the visitor's machine. */
export interface PageFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** Something that the visitor can act on: a field of a form, a button, a link, or a place to drop a file. */
export interface Control extends PageElement {
  value: string;
  checked: boolean;
  disabled: boolean;
  readonly files: ArrayLike<PageFile> | null;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
}

/** The control of an id, which the body of its page has. */
export function control(id: string): Control {
  const found = BROWSER.document.getElementById(id);
  if (found === null) throw new Error(`the page has no control ${id}`);
  return found as Control;
}

/** Where a browser keeps bytes under an address (`blob:`), for as long as the page is open. */
export const OBJECT_URLS: {
  createObjectURL(object: unknown): string;
  revokeObjectURL(url: string): void;
} = URL as unknown as typeof OBJECT_URLS;

const addresses = new Map<string, string>();

/** Lets a link, or a picture, hold these bytes; what it held before is let go. Gives their address. */
export function holdFile(id: string, type: string, content: string | Uint8Array): string {
  const before = addresses.get(id);
  if (before !== undefined) OBJECT_URLS.revokeObjectURL(before);
  const address = OBJECT_URLS.createObjectURL(new Blob([content as BlobPart], { type }));
  addresses.set(id, address);
  return address;
}

/** A file that a link gives. */
export interface OfferedFile {
  readonly name: string;
  readonly type: string;
  /** Is asked for once the link is clicked. */
  readonly content: () => string | Uint8Array;
}

const offered = new Map<string, OfferedFile>();

/** Offers a file by a link, in place of what it offered before. */
export function offerFile(id: string, file: OfferedFile): void {
  const link = control(id);
  if (!offered.has(id)) {
    // A browser follows the address that a link has once its listeners have been told.
    link.addEventListener('click', () => {
      const { type, content } = offered.get(id) ?? file;
      link.setAttribute('href', holdFile(id, type, content()));
    });
  }
  offered.set(id, file);
  // Without an address it could not be reached by the keyboard.
  link.setAttribute('href', '#');
  link.setAttribute('download', file.name);
  link.hidden = false;
}

type BlobPart = ConstructorParameters<typeof Blob>[0] extends (infer P)[] | undefined ? P : never;
