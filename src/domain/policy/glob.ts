import { RE2JS } from 're2js';

/** Whether a name as a whole fits a glob: `*` is any text (none too), `?` any one character, all else itself. Linear time. */
export function compileGlob(glob: string): (name: string) => boolean {
  const pattern = glob.replaceAll(/\*+|\?|[^*?]+/g, (part) => {
    if (part === '?') return '.';
    return part.startsWith('*') ? '.*' : RE2JS.quote(part);
  });
  const compiled = RE2JS.compile(pattern, RE2JS.DOTALL);
  return (name) => compiled.testExact(name);
}
