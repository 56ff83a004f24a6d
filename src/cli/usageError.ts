/** Apart from the parser, so that programs which are bundled without packages know it too. */

/** A mistake in the command line: shown as one line, without a stack. */
export class UsageError extends Error {}
