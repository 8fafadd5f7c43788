import { z } from 'zod';

/** Why a dispatch may run. The gate proves it again. */
export const Basis = z.enum(['consent', 'rule', 'grant', 'expiry']);
export type Basis = z.infer<typeof Basis>;
