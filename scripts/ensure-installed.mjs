// Makes node_modules match package-lock.json, with nothing but Node and npm. Runs on any Node from 20.3.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitForLock } from './process-lock.mjs';

export const projectRoot = fileURLToPath(new URL('..', import.meta.url));
export const projectNode = join(projectRoot, 'node_modules', '.bin', 'node');

const modules = join(projectRoot, 'node_modules');
const stampFile = join(modules, '.countersign-install');
const lockFile = join(projectRoot, '.countersign-install.lock');

/** Installs the dependencies unless they already are what package-lock.json asks for. */
export async function ensureInstalled() {
  if (isInstalled()) return;
  const lock = await waitForLock(lockFile, {
    onWait: (holder) => say(`Another process (${holder.pid}) is installing the dependencies; waiting for it.`),
  });
  try {
    if (isInstalled()) return;
    if (isInstalledByHand()) writeFileSync(stampFile, `${wantedStamp()}\n`);
    else await install();
  } finally {
    lock.release();
  }
}

function isInstalled() {
  return existsSync(projectNode) && existsSync(stampFile) && readFileSync(stampFile, 'utf8').trim() === wantedStamp();
}

/**
 * True after a developer's own `npm install` or `npm ci`: npm's record of what it put into node_modules agrees with
 * package-lock.json. Installing again would only pull the tree from under programs that are running.
 */
function isInstalledByHand() {
  const record = join(modules, '.package-lock.json');
  if (!existsSync(projectNode) || !existsSync(record)) return false;
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages ?? {};
  const wanted = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')).packages ?? {};
  const fits = (path) =>
    installed[path]?.version === wanted[path]?.version && installed[path]?.integrity === wanted[path]?.integrity;
  const mayBeMissing = (entry) => entry.optional || entry.devOptional || entry.peer || entry.link || entry.extraneous;
  const needed = Object.keys(wanted).filter((path) => path !== '' && !mayBeMissing(wanted[path]));
  return needed.every(fits) && Object.keys(installed).every(fits);
}

/** What the installed tree depends on: the lock file, what npm may run, and the machine its binaries are for. */
function wantedStamp() {
  const hash = createHash('sha256');
  hash.update(readFileSync(join(projectRoot, 'package-lock.json')));
  hash.update(JSON.stringify(JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')).allowScripts ?? {}));
  hash.update(`${process.platform} ${process.arch}`);
  return hash.digest('hex');
}

async function install() {
  const startedAt = Date.now();
  const stamp = wantedStamp();
  say('Installing the dependencies (npm ci); the first time takes about a minute.');
  // Every 10 s a sign of life: npm is silent when it is not writing to a terminal.
  const ticker = setInterval(() => say(`  … still installing, ${secondsSince(startedAt)} s`), 10_000);
  try {
    const clean = await npm('ci');
    if (!clean.succeeded) {
      // `npm ci` refuses a lock file that lacks optional packages of other systems, which a registry that does not
      // carry them leaves out. `npm install` takes the same versions from it and is content without those.
      say('  npm ci did not go through; npm install takes the same versions from package-lock.json.');
      const tolerant = await npm('install', '--no-save');
      if (!tolerant.succeeded) throw new Error(`${tolerant.output}npm could not install the dependencies.`);
    }
  } finally {
    clearInterval(ticker);
  }
  if (!existsSync(projectNode)) {
    throw new Error(
      `npm ci went through but ${projectNode} is missing: npm was told to skip install scripts or optional packages ` +
        '(ignore-scripts or omit in .npmrc?). Allow them for this project and try again.',
    );
  }
  mkdirSync(modules, { recursive: true });
  writeFileSync(stampFile, `${stamp}\n`);
  say(`Dependencies installed in ${secondsSince(startedAt)} s.`);
}

/** Runs npm without a word; what it had to say is for the case that it fails. */
function npm(...command) {
  // Some packages ask for a newer Node than the system's: that is what the installed Node is for, so only errors count.
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--no-update-notifier'];
  return new Promise((resolve, reject) => {
    const child = spawn('npm', [...command, '--include=dev', '--include=optional', ...quiet], {
      cwd: projectRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
    child.on('error', (error) =>
      reject(new Error(`npm could not be started (${error.message}). Install npm 10 or newer.`)),
    );
    child.on('close', (code) => resolve({ succeeded: code === 0, output }));
  });
}

function secondsSince(startedAt) {
  return Math.round((Date.now() - startedAt) / 1000);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
