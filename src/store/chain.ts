/** The chain's algorithm is the domain's: an auditor's machine runs the same code. */
export { chainHash, eventBody, genesisHash, verifyChain } from '../domain/evidence/chain.ts';
export type { ChainCheck, ChainedEvent, ChainHead } from '../domain/evidence/chain.ts';
