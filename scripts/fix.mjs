// `npm run fix`: repairs what tools can repair: lint first, since its repairs may need formatting.
import { spawnSync } from 'node:child_process';
import { ensureInstalled, projectRoot } from './ensure-installed.mjs';

try {
  await ensureInstalled();
  const statuses = [['lint', '--', '--fix'], ['format']].map(
    (script) => spawnSync('npm', ['run', '--silent', ...script], { cwd: projectRoot, stdio: 'inherit' }).status,
  );
  process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
