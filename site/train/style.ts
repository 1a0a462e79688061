/** Rules of the page that trains. */
export const TRAIN_STYLE: string = `
.train .controls { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; margin: 1rem 0; }
.train .quiet { background: none; color: var(--accent); border: 1px solid var(--accent); font-size: 1rem; }
.train input.unseen:focus-visible { outline: none; } .train .controls:has(input:focus-visible) .quiet { outline: 2px solid var(--accent); outline-offset: 2px; }
.train [hidden] + .quiet { margin-left: 0; }
.train #curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 1.5rem; }
.train figure.curve { margin: 0; } .train figure.curve figcaption { color: var(--ink); }
.train .curve svg { display: block; width: 100%; height: auto; }
.train .curve text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.train .curve .axis { stroke: var(--line); } .train .curve .line { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.train .curve .dot { fill: var(--accent); } .train .curve .chance { stroke: var(--bad); stroke-dasharray: 5 4; }
.train #pictures h3 { overflow-wrap: anywhere; } .train #notes li { overflow-wrap: anywhere; }
.train label.button { color: var(--accent); } 
`;
