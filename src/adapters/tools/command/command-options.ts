/** What a command tool may do, checked when it is defined. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { CredentialRef, ToolName } from '../../../domain/schemas/names.ts';
import { looksSecret } from '../../../platform/project-keys.ts';
import { DefinitionError } from '../definition-error.ts';
import type { ToolRule } from '../tool.ts';

const program = z
  .string()
  .max(200)
  .refine((name) => /^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(name) || isAbsolute(name), 'must be a name or absolute path');

/** What an author may say of it, also in a file. */
export const CommandToolSettings = z
  .strictObject({
    name: ToolName.default('run_command'),
    programs: z.array(program).max(100).default([]),
    shell: z.boolean().default(false),
    environment: z
      .array(z.string().regex(/^[A-Z_][A-Z0-9_]*$/i))
      .max(50)
      .default([]),
    credential: CredentialRef.optional(),
    credentialVariable: z
      .string()
      .regex(/^[A-Z_][A-Z0-9_]*$/i)
      .optional(),
    maxOutputBytes: z.number().int().min(1).max(262_144).default(65_536),
    timeoutMs: z.number().int().min(1_000).max(3_600_000).default(120_000),
  })
  .superRefine(({ programs, shell, environment, credential, credentialVariable }, context) => {
    if (shell === programs.length > 0)
      context.addIssue({ code: 'custom', path: ['programs'], message: 'name the programs, or say shell: true' });
    if ((credential === undefined) !== (credentialVariable === undefined))
      context.addIssue({ code: 'custom', path: ['credentialVariable'], message: 'goes with credential' });
    const secret = environment.find(looksSecret);
    if (secret !== undefined)
      context.addIssue({ code: 'custom', path: ['environment'], message: `${secret} is not for programs` });
  });
export type CommandSettings = z.output<typeof CommandToolSettings>;

export interface CommandToolOptions extends z.input<typeof CommandToolSettings> {
  /** Beside the rule of its own that every call of it asks. */
  readonly policy?: readonly ToolRule[];
}

/** With defaults filled in. Throws a {@link DefinitionError}. */
export function commandSettings({ policy: _, ...options }: CommandToolOptions): CommandSettings {
  const parsed = CommandToolSettings.safeParse(options);
  if (parsed.success) return parsed.data;
  const name = options.name ?? 'run_command';
  throw new DefinitionError(
    parsed.error.issues.map((issue) => `tools.${name}.${issue.path.join('.')}: ${issue.message}`),
  );
}
