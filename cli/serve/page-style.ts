import { STYLE } from '../report/style.js';

/** The style of the page, on top of that of the reports. */
export const PAGE_STYLE: string = `${STYLE}
:root { --good: #1a7f4b; --bad: #b3261e; --warn: #9a5b00; }
@media (prefers-color-scheme: dark) { :root { --good: #6fd19f; --bad: #ff8a80; --warn: #f0b35a; } }
[hidden] { display: none; }
header p { margin: .25rem 0; }
#adapter-name { font-weight: 600; }
p.verdict { white-space: pre-line; overflow-wrap: anywhere; }
[data-state=passed] p.verdict { border-color: var(--good); } [data-state=passed] p.verdict strong { color: var(--good); }
[data-state=failed] p.verdict, [data-state=proved-nothing] p.verdict, [data-state=broken] p.verdict { border-color: var(--bad); }
[data-state=failed] p.verdict strong, [data-state=proved-nothing] p.verdict strong { color: var(--bad); }
[data-state=unavailable] p.verdict { border-color: var(--warn); }
[data-state=unavailable] section, [data-state=broken] section, [data-state=starting] section { display: none; }
progress { width: 100%; height: .6rem; accent-color: var(--accent); }
#progress-text { min-height: 3em; margin: .25rem 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: .6rem 1.5rem; margin: .75rem 0; }
.facts dt { color: var(--soft); font-size: .85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
th[scope=row] { font-weight: 400; } tfoot th, tfoot td { border-bottom: 0; font-weight: 600; } caption { padding-top: .75rem; }
h1 { line-height: 1.25; } .matrix thead th { vertical-align: bottom; }
thead th { color: var(--soft); font-size: .85rem; font-weight: 600; }
th { overflow-wrap: normal; } td { white-space: nowrap; } th:last-child, td:last-child { padding-right: 0; }
.matrix td, .matrix thead th:not(:first-child) { text-align: right; } .matrix { min-width: min(100%, 44rem); }
td.pass, i, b.pass { color: var(--good); } td.fail, .fail i, .fail em, b.fail { color: var(--bad); font-weight: 600; }
td.vacuous, td.blocked, .vacuous i, .blocked i, .vacuous em, .blocked em, b.vacuous, b.blocked { color: var(--warn); font-weight: 600; }
td.none, td.not-run, td.unsupported, .waiting, .not-run, .not-run i, .waiting i, .unsupported, .unsupported i { color: var(--soft); }
td.none { opacity: .55; }
.checks { columns: 17rem; column-gap: 1.5rem; list-style: none; padding: 0; margin: .25rem 0 1rem; font-size: .9rem; }
.checks li { break-inside: avoid; display: flex; gap: .5rem; } .checks i { font-style: normal; width: 1em; text-align: center; flex: none; } .checks em { font-style: normal; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
details { margin: .75rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
td progress { width: 5rem; }
@media (max-width: 36rem) {
  td progress { width: 2.5rem; }
  .matrix thead th:not(:first-child) { writing-mode: vertical-rl; padding: .5rem .2rem; vertical-align: bottom; }
  .matrix th[scope=row], .matrix td { padding-right: .4rem; } .matrix { width: 100%; font-size: .95rem; }
  .facts { gap: 0; } .facts div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--line); padding: .3rem 0; } .facts dd { text-align: right; }
}
form { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: .75rem 0; }
label { display: grid; gap: .15rem; font-size: .85rem; color: var(--soft); }
input, select { font: inherit; font-size: 1rem; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: 4px; padding: .35rem .5rem; min-height: 2.4rem; max-width: 100%; }
input[type=number] { width: 6rem; }
button, .button { display: inline-block; font: inherit; color: #fff; background: #1a6fb5; border: 0; border-radius: 4px; padding: .5rem 1rem; min-height: 2.4rem; text-decoration: none; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
`;
