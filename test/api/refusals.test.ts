/** docs/reference/refusals.md: `COUNTERSIGN_RECORD=1 npm test -- test/api/refusals.test.ts` writes it. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROBLEMS, isProblemCode } from '../../src/contract/problem.ts';
import { assertCurl, curl } from './refusals/curl.ts';
import { FAMILIES, pageOf, transcriptOf } from './refusals/page.ts';
import { openStage } from './refusals/stage.ts';
import type { Stage } from './refusals/stage.ts';

const PAGE = new URL('../../docs/reference/refusals.md', import.meta.url);
const isRecording = Boolean(process.env['COUNTERSIGN_RECORD']);

let stage: Stage;
let committed: string;
const transcripts = new Map<string, string>();
beforeAll(async () => {
  await assertCurl();
  stage = await openStage();
  committed = isRecording ? '' : await readFile(PAGE, 'utf8');
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const all = FAMILIES.flatMap(({ refusals }) => Object.entries(refusals));

test('every code is brought about, or has its reason why it cannot be', () => {
  expect(all.map(([code]) => code).toSorted()).toEqual(Object.keys(PROBLEMS).toSorted());
});

const provoked = all.flatMap(([code, refusal]) => ('by' in refusal ? [[code, refusal] as const] : []));

test.each(provoked)('S3.11 %s is answered as the page says', async (code, { given, by }) => {
  const request = await by(stage);
  const answer = await curl(request, stage.usual.url, stage.usual.key);
  const body = JSON.parse(answer.body) as { code: string; status: number };
  expect([body.code, body.status]).toEqual([code, isProblemCode(code) && PROBLEMS[code].status]);
  expect(answer.statusLine).toMatch(new RegExp(`^HTTP/1\\.1 ${body.status} `));
  const transcript = transcriptOf(code, given, request, answer);
  transcripts.set(code, transcript);
  if (!isRecording) expect(committed).toContain(transcript);
});

test('docs/reference/refusals.md is whole: COUNTERSIGN_RECORD=1 writes it', async () => {
  const page = pageOf(transcripts);
  if (isRecording) await writeFile(PAGE, page);
  expect(await readFile(PAGE, 'utf8')).toBe(page);
});
