// What is committed under docs/ is what the code says.
import { readFile, readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { AUTHORISATION_FILE, authorisationPage } from '../../src/api/authorisation-page.ts';
import { OPENAPI_FILE, openApiDocument } from '../../src/api/openapi-document.ts';
import { PROBLEMS } from '../../src/contract/problem.ts';

test('docs/reference/openapi.json is up to date: node src/api/openapi-document.ts writes it', async () => {
  expect(await readFile(OPENAPI_FILE, 'utf8')).toBe(await openApiDocument());
});

const pages = new URL('../../docs/errors/', import.meta.url);

test('there is a page for every code, and for no other', async () => {
  const names = (await readdir(pages)).map((name) => name.replace(/\.md$/, ''));
  expect(names.toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
});

test.each(Object.entries(PROBLEMS))('the page of %s says what the problem says', async (code, problem) => {
  const page = await readFile(new URL(`${code}.md`, pages), 'utf8');
  for (const part of [`# ${problem.title}\n`, `\`${code}\`, HTTP ${problem.status}\n`, problem.detail, problem.next]) {
    expect(page).toContain(part);
  }
});

test('docs/reference/authorisation.md is up to date: node src/api/authorisation-page.ts writes it', async () => {
  expect(await readFile(AUTHORISATION_FILE, 'utf8')).toBe(await authorisationPage());
});
