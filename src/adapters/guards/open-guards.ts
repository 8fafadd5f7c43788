import type { Guard } from '../../domain/guards/guard.ts';
import type { GuardsConfig } from '../../platform/guards-file.ts';
import { moderationGuard } from './moderation-guard.ts';
import { piiGuard } from './pii-guard.ts';
import { sizeGuard } from './size-guard.ts';

/**
 * The guards of a deployment, in their order: what is too long goes no further, and what identifies somebody is taken
 * out before text leaves the house for moderation.
 */
export const openGuards = (config: GuardsConfig, moderationToken?: string): readonly Guard[] => [
  sizeGuard(config.size),
  piiGuard(config.pii),
  ...(config.moderation ? [moderationGuard({ ...config.moderation, token: moderationToken })] : []),
];
