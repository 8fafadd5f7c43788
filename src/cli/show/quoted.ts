import { presentText } from '../../domain/present/present.ts';
import { wrap } from './lines.ts';

const BAR_COLUMNS = 4;

/** A text of several lines by a model or a person, each line behind a bar, so that none can pass for ours. */
export const quoted = (text: string, columns: number): string =>
  presentText(text)
    .split('\n')
    .flatMap((line) => wrap(line, columns - BAR_COLUMNS).map((piece, index) => `  ${index === 0 ? '│' : '┊'} ${piece}`))
    .join('\n');
