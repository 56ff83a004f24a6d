/** What the tests ask of a graph of imports. */

/** The imports of each file, by its path. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** The circles that are found on a walk through a graph, as text; each is found once. */
export function circlesOf(graph: ImportGraph): string[] {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(" → "));
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return circles;
}
