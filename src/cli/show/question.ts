import type { Question } from '../../contract/approvals.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import type { Terminal } from '../terminal.ts';
import { parseJsonValue } from './json-value.ts';
import { quoted } from './quoted.ts';

/** What the agent wants to know, in its words, each line behind a bar; options by the number that answers with them. */
export function questionBlock(terminal: Terminal, { question, options, schema }: Question): string {
  const parts = [`${terminal.style('bold', 'Question')}\n${quoted(question, terminal.columns)}`];
  if (options) {
    const lines = options.map((option, index) => numbered(terminal, index + 1, option));
    parts.push(`${terminal.style('bold', 'Options')}\n${lines.join('\n')}`);
  }
  const form = parseJsonValue(schema);
  if (form !== undefined) {
    const title = `${terminal.style('bold', 'Form of the answer')}, as a JSON Schema`;
    parts.push(`${title}\n${presentValue(form, { columns: terminal.columns })}`);
  }
  return parts.join('\n\n');
}

const NUMBER_COLUMNS = 4;

const numbered = (terminal: Terminal, number: number, option: string): string =>
  quoted(option, terminal.columns - NUMBER_COLUMNS)
    .split('\n')
    .map((line, index) => `${(index === 0 ? String(number) : '').padStart(NUMBER_COLUMNS)}${line}`)
    .join('\n');
