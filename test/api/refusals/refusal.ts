import type { CurlRequest } from './curl.ts';
import type { Stage } from './stage.ts';

/** How a code is brought about. */
export interface Refusal {
  /** What must be so before, in a sentence; left out where the request says it all. */
  readonly given?: string;
  /** Makes it so, and gives the request that is refused. */
  readonly by: (stage: Stage) => Promise<CurlRequest> | CurlRequest;
}

/** A code that nobody can bring about by a request. */
export interface Unprovoked {
  readonly because: string;
}

/** One for each code of a family. */
export type Refusals<Family> = Readonly<Record<keyof Family, Refusal | Unprovoked>>;
