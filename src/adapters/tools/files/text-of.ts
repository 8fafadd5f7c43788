import { ToolError } from '../tool.ts';

/** The text of a file, or undefined where it is not UTF-8 or holds a NUL: then it is no text. */
export function textOf(content: Buffer): string | undefined {
  if (content.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

/** The same for a tool that was asked for this very file. */
export function textOrRefusal(content: Buffer): string {
  const text = textOf(content);
  if (text === undefined) throw new ToolError('binary_file', 'The file is not UTF-8 text.');
  return text;
}
