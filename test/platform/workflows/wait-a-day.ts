import { sleep } from '@temporalio/workflow';

export async function waitADay(): Promise<string> {
  await sleep('24 hours');
  return 'a day later';
}
