/** A message as it is being written: piece by piece, each line behind a bar, so that none can pass for ours. */
import { presentText } from '../../domain/present/present.ts';
import type { Terminal } from '../terminal.ts';
import { unitsOf, widthOf } from './lines.ts';

const BAR_COLUMNS = 4;
const HELD_MAX_CHARACTERS = 40;

export interface MessageWriter {
  append(text: string): void;
  /** Ends the message, if one is open; what follows stands on a line of its own. */
  end(): void;
}

export function createMessageWriter(terminal: Terminal): MessageWriter {
  let isOpen = false;
  let held = '';
  let column = 0;

  const writePresented = (text: string) => {
    const width = terminal.columns - BAR_COLUMNS;
    let out = '';
    const goOn = () => {
      out += '\n  ┊ ';
      column = 0;
    };
    for (const word of text.match(/\n|[^\n ]+| /gu) ?? []) {
      if (word === '\n') {
        out += '\n  │ ';
        column = 0;
        continue;
      }
      const wordWidth = widthOf(word);
      if (column + wordWidth > width && wordWidth < width / 2 && column > 0) goOn();
      for (const unit of unitsOf(word)) {
        const unitWidth = widthOf(unit);
        if (column + unitWidth > width && column > 0) goOn();
        out += unit;
        column += unitWidth;
      }
    }
    terminal.write(out);
  };

  return {
    append(text) {
      if (!isOpen) terminal.write('  │ ');
      isOpen = true;
      held += text;
      const ready = readyLength(held);
      writePresented(presentText(held.slice(0, ready)));
      held = held.slice(ready);
    },
    end() {
      if (!isOpen) return;
      writePresented(presentText(held));
      terminal.write('\n');
      isOpen = false;
      held = '';
      column = 0;
    },
  };
}

/** Pieces may end within a word, and within a character: the last word waits for its end, or if it is long, its last character. */
function readyLength(text: string): number {
  const wordAt = (/^.*[ \n](?=\P{M})/su.exec(text)?.[0] ?? '').length;
  if (text.length - wordAt <= HELD_MAX_CHARACTERS) return wordAt;
  return text.length - (unitsOf(text).at(-1) ?? '').length;
}
