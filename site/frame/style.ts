import { STYLE } from '../../formats/html/style.js';

/** What all pages of the site look like, on top of the style of the reports. */
export const FRAME_STYLE: string = `${STYLE}
:root { --good: #1a7f4b; --bad: #b3261e; --warn: #8a5000; }
@media (prefers-color-scheme: dark) { :root { --good: #6fd19f; --bad: #ff8a80; --warn: #f0b35a; } }
html { scrollbar-gutter: stable; } [hidden] { display: none !important; }
body { padding-top: 0; } a { color: var(--accent); }
.skip { position: absolute; left: -999rem; } .skip:focus { left: 1rem; top: .5rem; z-index: 1; background: var(--paper); padding: .5rem 1rem; }
main:focus { outline: none; } main { min-height: 60vh; }
header.site { border-bottom: 1px solid var(--line); margin-bottom: 1.5rem; }
header.site ul { display: flex; flex-wrap: wrap; gap: 0 .25rem; list-style: none; margin: 0 -.6rem; padding: 0; }
header.site a { display: block; padding: .75rem .6rem; color: var(--ink); text-decoration: none; border-bottom: 3px solid transparent; }
header.site a:hover { border-color: var(--line); } header.site a[aria-current] { border-color: var(--accent); font-weight: 600; }
footer.site { border-top: 1px solid var(--line); margin-top: 3rem; }
main > h1 + p { margin-top: .25rem; } .lead { font-size: 1.15rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1rem; list-style: none; padding: 0; }
.cards li { position: relative; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 1rem; } .cards h2 { margin: 0; border: 0; padding: 0; } .cards p { margin: .25rem 0 0; }
/* the whole card is its link */
.cards a::after { content: ''; position: absolute; inset: 0; } .cards li:hover { border-color: var(--accent); }
p.verdict { white-space: pre-line; overflow-wrap: anywhere; }
[data-state=passed] p.verdict { border-color: var(--good); } [data-state=passed] p.verdict strong { color: var(--good); }
[data-state=failed] p.verdict, [data-state=proved-nothing] p.verdict, [data-state=broken] p.verdict { border-color: var(--bad); }
[data-state=failed] p.verdict strong, [data-state=proved-nothing] p.verdict strong { color: var(--bad); }
[data-state=unavailable] p.verdict { border-color: var(--warn); }
/* but what can be read without the script */
[data-state=unavailable] section:not(.readable), [data-state=broken] section:not(.readable), [data-state=starting] section:not(.readable) { display: none; }
progress { width: 100%; height: .6rem; accent-color: var(--accent); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: .6rem 1.5rem; margin: .75rem 0; }
.facts dt { color: var(--soft); font-size: .85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; }
th[scope=row] { font-weight: 400; } tfoot th, tfoot td { border-bottom: 0; font-weight: 600; } caption { padding-top: .75rem; }
h1 { line-height: 1.25; } thead th { color: var(--soft); font-size: .85rem; font-weight: 600; }
th { overflow-wrap: normal; } td { white-space: nowrap; } th:last-child, td:last-child { padding-right: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
details { margin: .75rem 0; } summary { cursor: pointer; overflow-wrap: anywhere; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
form { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: .75rem 0; }
label { display: grid; grid-template-columns: minmax(0, auto); max-width: 100%; gap: .15rem; font-size: .85rem; color: var(--soft); }
input, select { font: inherit; font-size: 1rem; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 4px; padding: .35rem .5rem; min-height: 2.4rem; max-width: 100%; }
::placeholder { color: var(--soft); opacity: 1; } input[type=number] { width: 6rem; }
button, .button { display: inline-block; font: inherit; color: #fff; background: #1a6fb5; border: 0; border-radius: 4px; padding: .5rem 1rem; min-height: 2.4rem; text-decoration: none; cursor: pointer; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 36rem) {
  header.site ul { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0; margin: 0; } header.site a { text-align: center; padding: .6rem 0; font-size: .9rem; }
  .facts { gap: 0; } .facts div { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px solid var(--line); padding: .3rem 0; } .facts dd { text-align: right; }
}
`;
