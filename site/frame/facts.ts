import { type Html, html } from '../../formats/html/html.js';

/** Names and what they stand for, in two columns. */
export function facts(entries: readonly (readonly [name: string, value: string])[]): Html {
  const lines = entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return html`<dl class="facts">${lines}</dl>`;
}
