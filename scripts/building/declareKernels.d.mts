/** Writes the declaration of the kernels that a declaration of the compiler names: paths of files. */
export function declareKernels(from: string, to: string): void;
