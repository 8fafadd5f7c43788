/** Policies in files, YAML or JSON. What they say is the domain's to judge; here they are only read. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { z } from 'zod';

/** Larger ones are no file that a person keeps. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Of the same anchor: a few lines could otherwise stand for billions. */
const MAX_ALIASES = 100;

/** A file that cannot be read. The message is for people and names the file as they did. */
export class PolicyFileError extends Error {
  override readonly name = 'PolicyFileError';
}

/** Any YAML, and so any JSON. Throws a {@link PolicyFileError}. */
export async function readYamlFile(path: string): Promise<unknown> {
  const text = await readText(path);
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true, version: '1.2' });
  const [fault] = document.errors;
  if (fault) throw new PolicyFileError(`${path} is not YAML: ${fault.message}`);
  const [warning] = document.warnings;
  if (warning) throw new PolicyFileError(`${path}: ${warning.message}`);
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new PolicyFileError(`${path} cannot be read: ${error instanceof Error ? error.message : 'unknown fault'}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new PolicyFileError(`${path} is larger than ${MAX_BYTES / 1024 / 1024} MB`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof PolicyFileError) throw error;
    throw new PolicyFileError(`${path} cannot be read`);
  }
}

const People = z.strictObject({
  /** Groups that there are: rules that name others are refused. */
  groups: z.array(z.string().min(1)).optional(),
  /** Who is in them: rules that more people would have to satisfy are refused. */
  members: z.record(z.string(), z.array(z.string().min(1))).optional(),
});

const PolicyFile = z.union([
  z.array(z.unknown()).transform((layers) => ({ layers, people: {} })),
  z.strictObject({ layers: z.array(z.unknown()), ...People.shape }).transform(({ layers, groups, members }) => ({
    layers,
    people: { ...(groups && { groups }), ...(members && { members }) },
  })),
  z.looseObject({ name: z.string() }).transform((layer) => ({ layers: [layer as unknown], people: {} })),
]);
export type PolicyFile = z.infer<typeof PolicyFile>;

/** A file's layers (one layer, a list of them, or `layers:` with the list) and, beside `layers:`, the people it knows. */
export async function readPolicy(path: string): Promise<PolicyFile> {
  const file = PolicyFile.safeParse(await readYamlFile(path));
  if (file.success) return file.data;
  throw new PolicyFileError(`${path} holds no policy: give a layer (name, rules), a list of layers, or \`layers:\``);
}

export const readPolicyFile = async (path: string): Promise<readonly unknown[]> => (await readPolicy(path)).layers;

/**
 * A file of policy tests. `policyFile` names the policy relative to it; a relative one of several is a list. What it
 * brings comes before `policy`.
 */
export async function readPolicyTestFile(path: string): Promise<unknown> {
  const given = await readYamlFile(path);
  const named = z.looseObject({ policyFile: z.union([z.string(), z.array(z.string()).min(1)]) }).safeParse(given);
  if (!named.success) return given;
  const { policyFile, ...test } = named.data;
  const files = typeof policyFile === 'string' ? [policyFile] : policyFile;
  const layers = await Promise.all(files.map((file) => readPolicyFile(resolve(dirname(path), file))));
  const own = Array.isArray(test['policy']) ? (test['policy'] as unknown[]) : [];
  return { ...test, policy: [...layers.flat(), ...own] };
}
