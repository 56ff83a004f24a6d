/** The text of a kernel's file as Biome reads it: decorators of functions and constants are comments. */
export function hide(text: string): string;
/** The opposite of {@link hide}. */
export function show(text: string): string;
/** Checks `assembly/`, or mends it. @returns The exit code. */
export function checkKernelStyle(isWriting: boolean): number;
