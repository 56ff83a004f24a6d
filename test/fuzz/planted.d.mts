export const names: readonly string[];
export function ops(torch: unknown): Record<string, (...args: unknown[]) => unknown>;
