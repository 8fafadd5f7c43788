// What `countersign/client` pulls in, packages and all, as a bundler for browsers would: nothing of Node is among it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cruise } from 'dependency-cruiser';
import type { ICruiseResult, IModule } from 'dependency-cruiser';
import { beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every module that is reached at run time: types are gone by then. */
async function reachedFrom(entry: string): Promise<readonly IModule[]> {
  const { output } = await cruise([entry], {
    baseDir: root,
    tsPreCompilationDeps: false,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'browser', 'default'],
      mainFields: ['browser', 'module', 'main'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  });
  return (output as ICruiseResult).modules;
}

const isOfNode = ({ coreModule, source }: IModule) => coreModule === true || source.startsWith('node:');
/** Bare uses of what only Node has, outside of comments and text. */
const NODE_GLOBALS = /(?<![\w.'"`/])(?:process\.|Buffer\.|require\(|__dirname|setImmediate\()/;

describe('countersign/client in a browser', () => {
  let modules: readonly IModule[];
  beforeAll(async () => {
    const { exports } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { exports: Record<string, string> };
    modules = await reachedFrom((exports['./client'] ?? '').replace('./', ''));
  }, 60_000);

  test('S3.2 it needs nothing of Node, and everything that it needs is there', () => {
    expect(modules.filter(isOfNode).map(({ source }) => source)).toEqual([]);
    expect(modules.filter(({ couldNotResolve }) => couldNotResolve).map(({ source }) => source)).toEqual([]);
    const sources = modules.map(({ source }) => source);
    expect(sources).toContain('src/client/event-stream.ts');
    // The walk went on into the packages.
    expect(sources.some((source) => /node_modules\/eventsource-parser\//.test(source))).toBe(true);
    expect(sources.some((source) => /node_modules\/zod\/v4\/core\//.test(source))).toBe(true);
  });

  test('our part of it uses no globals that only Node has', () => {
    const own = modules.map(({ source }) => source).filter((source) => source.startsWith('src/'));
    expect(own.length).toBeGreaterThan(20);
    const using = own.filter((source) => {
      const text = readFileSync(`${root}/${source}`, 'utf8').replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, '');
      return NODE_GLOBALS.test(text);
    });
    expect(using).toEqual([]);
  });

  test('the same walk finds Node where it is', async () => {
    const others = await reachedFrom('src/cli/read-json-file.ts');
    expect(others.some(isOfNode)).toBe(true);
  }, 60_000);
});
