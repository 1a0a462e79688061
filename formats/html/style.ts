/** The page's style: light and dark, readable on a phone. */
export const STYLE: string = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d9dee5; --paper: #fff; --card: #f6f8fa; --accent: #1a6fb5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf0; --soft: #9aa6b5; --line: #333c48; --paper: #14181e; --card: #1c222b; --accent: #6db3f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; overflow-wrap: anywhere; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .75rem; border-bottom: 1px solid var(--line); padding-bottom: .25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; font-weight: 600; }
p.verdict { font-size: 1.15rem; margin: 1rem 0; padding: .75rem 1rem; background: var(--card); border-left: 4px solid var(--accent); border-radius: 4px; }
.soft, figcaption, caption { color: var(--soft); font-size: .9rem; text-align: left; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } caption { padding-bottom: .4rem; }
.ranges th { white-space: nowrap; } th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; } td.number, th.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
/* wide screens show two strips side by side */
.strips { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 0 1.5rem; }
figure { margin: 0 0 1rem; } figure img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; border-radius: 3px; }
.chart { margin-bottom: 1.5rem; } .u-legend { font-size: .85rem; } .u-title { font-size: .95rem; color: var(--ink); }
canvas.heat { width: min(100%, 34rem); image-rendering: pixelated; border: 1px solid var(--line); display: block; cursor: crosshair; }
#readout { min-height: 4.5em; } code, pre { font-size: .85rem; } pre { overflow-x: auto; background: var(--card); padding: .75rem; border-radius: 4px; }
`;
