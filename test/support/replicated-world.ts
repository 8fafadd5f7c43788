import type { Person } from '../../src/testing/person.ts';
import type { World, WorldOptions } from '../../src/testing/world.ts';
import { createReplica } from './replica.ts';
import type { Replica } from './replica.ts';
import { testWorld } from './world.ts';

export interface ReplicatedWorld extends AsyncDisposable {
  readonly world: World;
  readonly replica: Replica;
  /** In turn they speak to the world's own API and to the replica: only the run itself puts what they say in order. */
  readonly people: readonly Person[];
}

export async function replicatedWorld(
  options: Omit<WorldOptions, 'services'>,
  names: readonly string[],
): Promise<ReplicatedWorld> {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await testWorld(options));
  const replica = stack.use(await createReplica(world));
  const here = await Promise.all(names.map((name) => world.person(name)));
  const people = here.map((person, index) => (index % 2 === 0 ? person : replica.speaksHere(person)));
  const owned = stack.move();
  return { world, replica, people, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
