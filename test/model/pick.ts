/** The item that a random number means. */
export const pick = <T>(items: readonly T[], index: number): T | undefined => items[index % Math.max(1, items.length)];
