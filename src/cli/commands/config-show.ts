import type { Command } from 'commander';
import { explainConfig } from '../../platform/explain-config.ts';
import type { ExplainedVariable } from '../../platform/explain-config.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonText } from '../show/json.ts';
import { table } from '../show/table.ts';

export const addConfigShow = (config: Command, { terminal, end }: CliContext): Command =>
  config
    .command('show')
    .description('what holds here and where each value comes from; secrets are named, not shown')
    .option('--set', 'only what is set: no defaults')
    .option('--json', 'print it as JSON')
    .action(({ set = false, json = false }: { set?: boolean; json?: boolean }) => {
      const { variables, faults } = explainConfig();
      const shown = variables.filter(({ source }) => !set || source !== 'default');
      if (json) terminal.print(jsonText({ variables: shown, faults }));
      else {
        terminal.print(table(terminal, ['VARIABLE', 'VALUE', 'SOURCE'], shown.map(rowOf)));
        for (const fault of faults) terminal.note(`Not usable: ${fault}`);
      }
      if (faults.length > 0) end(EXIT.usage);
    });

const rowOf = ({ variable, value, fallback, source, from }: ExplainedVariable): string[] => [
  variable,
  value ?? fallback,
  from === undefined ? source : `${source}: ${from}`,
];
