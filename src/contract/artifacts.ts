import { z } from 'zod';
import { Receipt } from '../domain/schemas/run.ts';

/** A file of the run's workspace, with the proof of what it was. */
export const Artifact = Receipt.extend({ links: z.object({ self: z.string() }) }).meta({ id: 'Artifact' });
export type Artifact = z.infer<typeof Artifact>;

export const ArtifactList = z.object({ data: z.array(Artifact) }).meta({ id: 'ArtifactList' });
