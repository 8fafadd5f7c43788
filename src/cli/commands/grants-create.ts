import { Option } from 'commander';
import type { Command } from 'commander';
import type { CreateGrant } from '../../contract/grants.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { GrantScope } from '../../domain/schemas/approval.ts';
import { countArgument, durationArgument, jsonArgument, runIdArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { grantScreen } from '../show/grant.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly scope: GrantScope;
  readonly run?: string;
  readonly conversation?: string;
  readonly agent?: string;
  readonly requester?: string;
  readonly tool: string;
  readonly constraints: JsonValue;
  readonly ttl: string;
  readonly uses: number;
}

export const addGrantsCreate = (grants: Command, { terminal }: CliContext): Command =>
  withApiOptions(grants.command('create'))
    .description('approve calls within bounds before they are asked for (operators)')
    .addOption(
      new Option('--scope <scope>', 'for one run, one conversation, or all runs of an agent')
        .choices(GrantScope.options)
        .makeOptionMandatory(),
    )
    .option('--run <run>', 'with --scope run: which', runIdArgument)
    .option('--conversation <id>', 'with --scope conversation: which')
    .option('--agent <name>', 'with other scopes than run: whose calls')
    .option('--requester <principal>', 'with other scopes than run: whose runs')
    .requiredOption('--tool <name>', 'calls of this tool')
    .requiredOption(
      '--constraints <json>',
      'by JSON pointer, for every argument: {"equals": v}, {"oneOf": [v]}, {"max": n} or {"any": true}',
      jsonArgument,
    )
    .requiredOption('--ttl <duration>', 'how long it lasts, like 8h', durationArgument)
    .requiredOption('--uses <count>', 'how many calls it covers', countArgument)
    .action(async (given: Options) => {
      const { scope, run: runId, conversation: conversationId, agent, requester, tool, constraints, ttl, uses } = given;
      const request: CreateGrant = {
        scope,
        tool,
        ttl,
        uses,
        // Their form is the contract's; the API says what is wrong with it.
        constraints: constraints as Record<string, unknown>,
        ...(runId !== undefined && { runId }),
        ...(conversationId !== undefined && { conversationId }),
        ...(agent !== undefined && { agent }),
        ...(requester !== undefined && { requester }),
      };
      const grant = await connect(given).grants.create(request);
      if (given.json) return terminal.print(jsonText(grant));
      terminal.print(grantScreen(terminal, grant, Date.now()));
      terminal.print(`\nTo end it: ${COMMAND} grants revoke ${grant.grantId}`);
    });
