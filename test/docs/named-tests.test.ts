// Pages that name tests as evidence name tests that there are.
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const PAGES = ['docs/reference/owasp-aisvs.md', 'docs/explanation/threat-model.md', 'docs/reference/bad-behaviour.md'];

/** Quotes may be escaped in the source, and a table's row may begin a title. */
const isIn = (source: string, title: string): boolean =>
  source.includes(title) || source.includes(title.replaceAll("'", String.raw`\'`));

test.each(PAGES)('%s', (page) => {
  const text = readFileSync(new URL(page, root), 'utf8');
  const named = [...text.matchAll(/\[([^\]]+)\]\(\.\.\/\.\.\/(test\/[^)]+)\)/g)].map(([, title = '', file = '']) => ({
    title,
    file,
  }));
  expect(named.length).toBeGreaterThan(10);
  const lost = named.filter(({ title, file }) => {
    const url = new URL(file, root);
    return !existsSync(url) || !isIn(readFileSync(url, 'utf8'), title);
  });
  expect(lost).toEqual([]);
});
