// `npm run check`: every check of the project, all of them even when one fails, and a table of what passed.
//   --without-tests     leaves the test suite out
//   --report <file>     writes the table as JSON, for .ci/run
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureInstalled, projectRoot } from './ensure-installed.mjs';

// What each does is in package.json: every one runs alone too. A failed check's repair is named beside it.
const checks = [
  { name: 'format', script: 'format:check', repair: 'npm run format' },
  { name: 'lint', script: 'lint', repair: 'npm run fix repairs some of it' },
  { name: 'types', script: 'types' },
  { name: 'imports', script: 'imports', repair: 'each breach above says what to do instead' },
  { name: 'dead-code', script: 'dead-code', repair: 'use it, or delete it' },
  { name: 'test', script: 'test', streams: true },
];

const { values: options } = parseArgs({
  options: { 'without-tests': { type: 'boolean', default: false }, report: { type: 'string' } },
});

let interrupted = false;
// The running check has the signal too (same terminal, same group): it ends first, then we do.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (interrupted = true));

try {
  await ensureInstalled();
  const results = [];
  for (const check of checks) {
    if (interrupted || (check.name === 'test' && options['without-tests'])) continue;
    results.push(await run(check));
  }
  if (options.report) writeFileSync(options.report, JSON.stringify(results));
  process.stdout.write(`\n${results.map(row).join('\n')}\n`);
  process.exitCode = !interrupted && results.every(({ passed }) => passed) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

/** Runs one check. What it says is shown when it failed or warns; the tests are shown as they go. */
async function run({ name, script, repair, streams = false }) {
  const startedAt = performance.now();
  const stdio = streams ? 'inherit' : ['ignore', 'pipe', 'pipe'];
  const child = spawn('npm', ['run', '--silent', script], { cwd: projectRoot, stdio });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const passed = await new Promise((resolve) => {
    child.on('error', (error) => {
      output += `npm could not be started: ${error.message}\n`;
      resolve(false);
    });
    child.on('close', (code) => resolve(code === 0));
  });
  if (!passed || /[1-9]\d* warning/.test(output)) process.stdout.write(`\n── ${name}\n${output}`);
  return { name, passed, seconds: (performance.now() - startedAt) / 1000, repair };
}

function row({ name, passed, seconds, repair }) {
  const columns = [passed ? '✓' : '✗', name.padEnd(14), `${seconds.toFixed(1)} s`.padStart(8)];
  return `${columns.join(' ')}${!passed && repair ? `   ${repair}` : ''}`;
}
