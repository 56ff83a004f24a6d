/** Bytes as text that survives JSON. */
import { FormatError } from "./errors";

/** Few enough for the arguments of one call. */
const PIECE = 8192;

/** The text of bytes. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += PIECE) text += String.fromCharCode(...bytes.subarray(i, i + PIECE));
  return btoa(text);
}

/** The bytes of a text. @throws FormatError for what is no base64. */
export function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch (error) {
    throw new FormatError("the text is no base64", { cause: error });
  }
}
