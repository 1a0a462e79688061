import '../../frame/quiet-schemas.js';
import { BROWSER, element } from '../../frame/browser.js';
import { WORKING_FOLDER } from '../../node/working-folder.js';
import { parseOptions } from '../run-options.js';
import { stepDraws } from './step-draws.js';

stepDraws(parseOptions(BROWSER.location.search), WORKING_FOLDER).then(
  (draws) => {
    element('verdict').textContent = JSON.stringify(draws);
    element('page').setAttribute('data-state', 'ready');
  },
  (error: unknown) => {
    element('verdict').textContent = String(error);
    element('page').setAttribute('data-state', 'broken');
  },
);
