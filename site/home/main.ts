import { BROWSER, element } from '../frame/browser.js';
import { showFailure } from '../frame/failure.js';
import { requireGpu } from '../frame/unavailable.js';

/** Says before anything is begun whether this browser can run it, and if not, what to do. */
requireGpu(BROWSER)
  .then(() => element('page').setAttribute('data-state', 'ready'))
  .catch((error: unknown) => {
    element('verdict').hidden = false;
    showFailure(error, 'unavailable');
  });
