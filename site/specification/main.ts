import { BROWSER, element, type PageElement } from '../frame/browser.js';
import { control } from '../frame/controls.js';
import { keptVerdicts } from '../frame/kept-verdicts.js';
import { clauseIsFound, wordsOf } from './search.js';

/** What of a clause is searched: its name, its sentence, its formula and its checks; buttons and notes are not. */
const SEARCHED = 'h3, h3 + p, .formula, .held';

/** The clauses on the page, each with its text. */
const CLAUSES = [...BROWSER.document.querySelectorAll('article.clause')].map((article) => ({
  article,
  text: [...article.querySelectorAll(SEARCHED)].map((part) => part.textContent ?? '').join(' '),
}));

/** Shows the clauses that have all the words, and the chapters that have such clauses. */
function search(text: string): void {
  const words = wordsOf(text);
  let found = 0;
  for (const { article, text: own } of CLAUSES) {
    article.hidden = !clauseIsFound(own, words);
    if (!article.hidden) found++;
  }
  for (const area of BROWSER.document.querySelectorAll('section.area')) {
    area.hidden = area.querySelector('article.clause:not([hidden])') === null;
  }
  element('count').textContent = words.length === 0 ? '' : `${found} of ${CLAUSES.length} clauses`;
}

/** Writes what this tab's checks came to beside them. */
function showVerdicts(): void {
  const kept = keptVerdicts();
  if (kept === undefined) return;
  let count = 0;
  for (const item of BROWSER.document.querySelectorAll('[data-check]')) {
    const verdict = kept.verdicts.get(item.getAttribute('data-check') ?? '');
    if (verdict === undefined) continue;
    count++;
    item.append(` `, verdictElement(verdict));
  }
  const choices = kept.choices === '' ? '' : `, with ${kept.choices}`;
  element('kept').textContent =
    `Verdicts beside checks are those of this tab, on ${kept.device}${choices}.`;
  element('kept').hidden = count === 0;
}

function verdictElement(verdict: string): PageElement {
  const word = BROWSER.document.createElement('b');
  word.setAttribute('class', verdict);
  word.textContent = verdict;
  return word;
}

const words = control('words');
words.value = new URLSearchParams(BROWSER.location.search).get('words') ?? '';
words.addEventListener('input', () => search(words.value));
search(words.value);
showVerdicts();
element('page').setAttribute('data-state', 'ready');
