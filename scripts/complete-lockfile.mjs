/**
 * Adds to package-lock.json the optional packages of other platforms, where the registry at hand does not carry them and
 * `npm install` therefore left them out: without their entries `npm ci` refuses the whole file. Run it after
 * `npm install` (`npm run lockfile`). Entries carry no integrity hash, since nobody here has seen those packages; npm
 * installs them on their own platform only.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'package-lock.json';
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
const SYSTEM = /(darwin|linux|win32|freebsd|openharmony|android|aix|netbsd|openbsd|sunos)/;
const PROCESSOR = /(arm64|x64|ia32|ppc64|riscv64|s390x|arm)/;

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const { packages } = lock;
const added = [];
for (const [path, entry] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (packages[`${path}/node_modules/${name}`] || packages[`node_modules/${name}`]) continue;
    const platform = name.split('/').at(-1);
    const os = SYSTEM.exec(platform)?.[1];
    const cpu = PROCESSOR.exec(platform)?.[1];
    if (!os || !cpu || !EXACT.test(version)) continue;
    packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev && { dev: true }),
      optional: true,
      os: [os],
    };
    added.push(`${name}@${version}`);
  }
}
const sorted = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(FILE, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
process.stdout.write(`${added.length} packages of other platforms added to ${FILE}\n`);
