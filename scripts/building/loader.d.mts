/** A plugin of rollup and of Vite that lets the sources import AssemblyScript's loader as the text of a script. */
export function embedLoader(): {
  name: string;
  resolveId(source: string): string | null;
  load(source: string): Promise<string | null>;
};
