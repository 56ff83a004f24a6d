/** A plugin of rollup and of Vite that lets the sources import the compiled kernels. */
export function embedKernels(): {
  name: string;
  resolveId(source: string): string | null;
  load(source: string): string | null;
};
