/** Bytes as base64 text. */

/** How many bytes are given to one call, which takes each as an argument. */
const PIECE = 8192;

export function bytesToBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return btoa(text);
}
