/** PyTorch's spelling of names: they are in camelCase here. */

/** `logSoftmax` → `log_softmax`. */
export const snakeCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** `log_softmax` → `logSoftmax`. Underscores at the ends stay. */
export const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
