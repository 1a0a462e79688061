import { spawnSync } from 'node:child_process';

/** Everything that a change must pass, with the time of each stage: `npm run check`. */
const STAGES: readonly (readonly [name: string, command: string])[] = [
  ['format and lint', 'biome check --error-on-warnings .'],
  ['types', 'tsc --noEmit'],
  [
    'layers',
    'depcruise --config .dependency-cruiser.cjs --output-type err-long spec core formats protocol reference backends conformance data run teacher evaluation training site cli bench scripts',
  ],
  ['dead code', 'knip'],
  ['build', 'npm run --silent build'],
  ['tests', 'npm run --silent test'],
  ['long tests', 'npm run --silent test:long'],
];

const only = process.argv.slice(2);
const stages = STAGES.filter(([name]) => only.length === 0 || only.includes(name));
const times: string[] = [];
for (const [name, command] of stages) {
  console.log(`\n== ${name}: ${command}`);
  const start = performance.now();
  const { status } = spawnSync(command, { stdio: 'inherit', shell: true });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  times.push(`${name.padEnd(16)} ${seconds.padStart(6)} s  ${status === 0 ? 'ok' : 'FAILED'}`);
  if (status !== 0) {
    console.error(`\n${times.join('\n')}\n\n${name} failed: see above.`);
    process.exit(1);
  }
}
console.log(`\n${times.join('\n')}`);
