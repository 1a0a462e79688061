import { homePage } from './home/page.js';
import { MASKS_PAGE } from './masks/page.js';
import { MEASURE_PAGE } from './measure/page.js';
import type { SitePage } from './page.js';
import { PROVE_PAGE } from './prove/page.js';
import { SPECIFICATION_PAGE } from './specification/page.js';
import { TRAIN_PAGE } from './train/page.js';

/** The pages that have something to do on them, in the order of the navigation. */
const TOOLS: readonly SitePage[] = [
  PROVE_PAGE,
  MEASURE_PAGE,
  MASKS_PAGE,
  TRAIN_PAGE,
  SPECIFICATION_PAGE,
];

/** Every page of the site, the first one first. */
export const SITE_PAGES: readonly SitePage[] = [homePage(TOOLS), ...TOOLS];
