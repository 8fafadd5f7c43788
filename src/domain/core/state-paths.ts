/** Whether a rule lets a decision set a path of the run's state. Segments are split by dots; `*` stands for one segment. */
const covers = (pattern: string, path: string): boolean => {
  const wanted = pattern.split('.');
  const given = path.split('.');
  return wanted.length <= given.length && wanted.every((segment, index) => segment === '*' || segment === given[index]);
};

export const isStatePathAllowed = (patterns: readonly string[], path: string): boolean =>
  patterns.some((pattern) => covers(pattern, path));
