/** The rules of `specification.html` alone. */
export const SPECIFICATION_STYLE: string = `
.specification .introduction { max-width: 46rem; } .specification .clause > p { max-width: 46rem; margin: .35rem 0; }
.specification .chapters ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; }
.specification .clause { border-top: 1px solid var(--line); padding: .25rem 0 .75rem; scroll-margin-top: 1rem; } .specification h2 { scroll-margin-top: 1rem; }
.specification .clause:target { background: var(--card); box-shadow: -.75rem 0 0 var(--card), .75rem 0 0 var(--card); }
.specification h3 { font-family: ui-monospace, monospace; overflow-wrap: anywhere; margin: .75rem 0 .25rem; } .specification h3 a { color: var(--ink); text-decoration: none; } .specification h3 a:hover { text-decoration: underline; }
.specification .formula { font-size: 1rem; margin: .5rem 0; }
.specification .held { list-style: none; padding: 0; margin: .25rem 0; display: flex; flex-wrap: wrap; gap: .1rem 1.25rem; overflow-wrap: anywhere; }
.specification .held b { font-weight: 600; } .specification b.pass { color: var(--good); } .specification b.fail { color: var(--bad); } .specification b.vacuous, .specification b.blocked { color: var(--warn); } .specification b.unsupported { color: var(--soft); }
.specification .clause .button { padding: .3rem .75rem; min-height: 2rem; font-size: .9rem; }
.specification input[type=search] { width: min(100%, 20rem); } .specification #count { align-self: center; }
`;
