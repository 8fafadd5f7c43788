import type { Person } from '../../src/testing/index.ts';

/** Some time, in requests that somebody makes. */
export async function lag(person: Person, requests: number): Promise<void> {
  for (let made = 0; made < requests; made += 1) await person.request('GET', '/livez');
}
