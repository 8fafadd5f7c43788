#!/usr/bin/env node
// The `countersign` command, from a checkout.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

await runUnderProjectNode([join(projectRoot, 'src', 'cli', 'main.ts'), ...process.argv.slice(2)]);
