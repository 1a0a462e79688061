/**
 * Whether drawn clips are all that can be read. In a browser they are: the site's bundle has `true` in this module's place
 * (scripts/site/for-browsers.ts). In Node a machine without a decoder says what to install.
 */
export const DRAWN_ALONE: boolean = false;
