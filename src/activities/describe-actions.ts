/**
 * What the model is told of its own standing: exactly which tools it has and what the run's pinned rules say of each. The
 * same text in every turn of a run, so that providers can cache it.
 */
import { isAnsweredByPeople } from '../domain/core/tool-roles.ts';
import { fillIn } from '../domain/prompt-variables.ts';
import { toolStanding } from '../domain/policy/tool-standing.ts';
import type { ToolStanding } from '../domain/policy/tool-standing.ts';
import type { AgentDefinition, ToolDefinition } from '../domain/schemas/agent.ts';
import { isClassic } from './pinned-run.ts';
import type { PinnedRun } from './pinned-run.ts';

const STANDINGS: Record<ToolStanding, string> = {
  allowed: 'runs at once.',
  asks: 'waits until people consent.',
  denied: 'is denied: do not call it.',
  depends: 'runs, waits for consent or is denied, depending on the call.',
};

/** Of classic execution: nobody is waited for. */
const CLASSIC_STANDINGS: Record<ToolStanding, string> = {
  ...STANDINGS,
  asks: 'needs consent, which this run cannot wait for: do not call it.',
  depends: 'runs or is refused, depending on the call.',
};

const ROLES: Readonly<Record<string, string>> = {
  question: 'asks a person and waits for the answer, which is its result.',
  block: 'stops the run until a person lets it go on.',
};

const WAITING =
  'A call that waits for consent returns once somebody has decided. People may approve it, change its arguments, answer ' +
  'in its place, ask you for another call, or reject it: you are told which. Do not repeat a rejected call. What you ask ' +
  'for in one turn may be decided at different times.';

const ARTIFACTS = 'The run can only complete once these files are in its workspace:';

const lineOf = (run: PinnedRun, tool: ToolDefinition): string => {
  const standing = toolStanding(run.policy, tool.name);
  const role = standing === 'denied' || !tool.role ? undefined : ROLES[tool.role];
  const standings = isClassic(run) ? CLASSIC_STANDINGS : STANDINGS;
  return `- ${tool.name}: ${role ?? standings[standing]}`;
};

const artifactLines = ({ contract }: AgentDefinition): readonly string[] =>
  contract.artifacts.length === 0
    ? []
    : [ARTIFACTS, ...contract.artifacts.map(({ path, minBytes }) => `- ${path} (at least ${minBytes} bytes)`)];

/** Empty where there is nothing to say: an agent without tools that promises no files. */
export const describeActions = (run: PinnedRun): string => {
  const { tools } = run.definition;
  const waits =
    !isClassic(run) &&
    tools.some((tool) => isAnsweredByPeople(tool.role) || toolStanding(run.policy, tool.name) !== 'allowed');
  const lines = [
    ...(tools.length > 0 ? ['Tools of this run:', ...tools.map((tool) => lineOf(run, tool))] : []),
    ...(waits ? [WAITING] : []),
    ...artifactLines(run.definition),
  ];
  return lines.length > 0 ? `# What you may do\n\n${lines.join('\n')}` : '';
};

const ownInstructions = ({ definition, variables }: PinnedRun): string =>
  variables ? fillIn(definition.instructions, variables) : definition.instructions;

/** The agent's own come first. */
export const instructionsFor = (run: PinnedRun): string =>
  [ownInstructions(run), describeActions(run)].filter((text) => text !== '').join('\n\n');
