/** The rules of `prove.html` alone. */
export const PROVE_STYLE: string = `
.prove #adapter-name { font-weight: 600; }
.prove #progress-text { min-height: 3em; margin: .25rem 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.prove .matrix thead th { vertical-align: bottom; } .prove .matrix { min-width: min(100%, 44rem); }
.prove .matrix td, .prove .matrix thead th:not(:first-child) { text-align: right; }
.prove td.pass, .prove i, .prove b.pass { color: var(--good); }
.prove td.fail, .prove .fail i, .prove .fail em, .prove b.fail { color: var(--bad); font-weight: 600; }
.prove td.vacuous, .prove td.blocked, .prove .vacuous i, .prove .blocked i, .prove .vacuous em, .prove .blocked em, .prove b.vacuous, .prove b.blocked { color: var(--warn); font-weight: 600; }
.prove td.none, .prove td.not-run, .prove td.unsupported, .prove .waiting, .prove .not-run, .prove .not-run i, .prove .waiting i, .prove .unsupported, .prove .unsupported i { color: var(--soft); font-weight: 400; }
.prove .checks { columns: 17rem; column-gap: 1.5rem; list-style: none; padding: 0; margin: .25rem 0 1rem; font-size: .9rem; }
.prove .checks li { break-inside: avoid; display: flex; gap: .5rem; } .prove .checks i { font-style: normal; width: 1em; text-align: center; flex: none; } .prove .checks em { font-style: normal; }
.prove td progress { width: 5rem; }
@media (max-width: 36rem) {
  .prove td progress { width: 2.5rem; }
  .prove .matrix thead th:not(:first-child) { writing-mode: vertical-rl; padding: .5rem .2rem; vertical-align: bottom; }
  .prove .matrix th[scope=row], .prove .matrix td { padding-right: .4rem; } .prove .matrix { width: 100%; font-size: .95rem; }
}
`;
