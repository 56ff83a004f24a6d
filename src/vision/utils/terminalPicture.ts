/** Pictures as text that terminals show. */

import { toBase64 } from "../../core/base64";
import type { PictureProtocol } from "../../platform/terminal";
import type { Picture } from "../modes";

const ESC = "\x1b";

/** What a command of kitty's protocol may carry. */
const KITTY_PIECE = 4096;

/** @see https://sw.kovidgoyal.net/kitty/graphics-protocol/ */
function kitty(png: Uint8Array): string {
  const data = toBase64(png);
  let text = "";
  for (let at = 0; at < data.length; at += KITTY_PIECE) {
    const more = at + KITTY_PIECE < data.length ? 1 : 0;
    text += `${ESC}_G${at === 0 ? "a=T,f=100," : ""}m=${more};${data.slice(at, at + KITTY_PIECE)}${ESC}\\`;
  }
  return `${text}\n`;
}

/** @see https://iterm2.com/documentation-images.html */
const iterm2 = (png: Uint8Array): string => `${ESC}]1337;File=inline=1;size=${png.length}:${toBase64(png)}\x07\n`;

/** Levels of each color of the palette of a sixel picture. */
const LEVELS = 6;

/** Six rows of pixels of one color after the other, in a palette of 6×6×6 colors. @see VT330/VT340 Programmer Reference Manual, chapter 14 */
function sixel({ width, height, data }: Picture): string {
  const place = (at: number): number => {
    const [r, g, b] = [0, 1, 2].map((k) => Math.round((data[at + k]! * (LEVELS - 1)) / 255));
    return (r! * LEVELS + g!) * LEVELS + b!;
  };
  let text = `${ESC}Pq"1;1;${width};${height}`;
  for (let i = 0; i < LEVELS ** 3; i++) {
    const [r, g, b] = [Math.floor(i / LEVELS ** 2), Math.floor(i / LEVELS) % LEVELS, i % LEVELS];
    text += `#${i};2;${[r, g, b].map((level) => Math.round((100 * level) / (LEVELS - 1))).join(";")}`;
  }
  for (let y = 0; y < height; y += 6)
    text += `${sixelBand(width, Math.min(6, height - y), (x, dy) => place(3 * ((y + dy) * width + x)))}-`;
  return `${text}${ESC}\\\n`;
}

function sixelBand(width: number, rows: number, place: (x: number, y: number) => number): string {
  const bits = new Map<number, Uint8Array>();
  for (let x = 0; x < width; x++)
    for (let dy = 0; dy < rows; dy++) {
      const color = place(x, dy);
      if (!bits.has(color)) bits.set(color, new Uint8Array(width));
      bits.get(color)![x]! |= 1 << dy;
    }
  return [...bits]
    .map(([color, row]) => `#${color}${String.fromCharCode(...row.map((value) => 63 + value))}`)
    .join("$");
}

/** Two pixels, one above the other, in each letter. Pictures that are too wide are shown smaller: of each square one pixel. */
function blocks({ width, height, data }: Picture, columns: number): string {
  const step = Math.max(1, Math.ceil(width / columns));
  const color = (x: number, y: number): string => {
    const at = 3 * (y * width + x);
    return `${data[at]};${data[at + 1]};${data[at + 2]}`;
  };
  let text = "";
  for (let y = 0; y < height; y += 2 * step) {
    for (let x = 0; x < width; x += step) {
      const below = y + step < height ? `${ESC}[48;2;${color(x, y + step)}m` : "";
      text += `${ESC}[38;2;${color(x, y)}m${below}▀`;
    }
    text += `${ESC}[0m\n`;
  }
  return text;
}

/**
 * A picture as the text that shows it.
 * @param picture Of mode `"RGB"`.
 * @param png The picture as a file, which some protocols send.
 */
export function pictureText(picture: Picture, png: Uint8Array, protocol: PictureProtocol, columns: number): string {
  if (protocol === "kitty") return kitty(png);
  if (protocol === "iterm2") return iterm2(png);
  return protocol === "sixel" ? sixel(picture) : blocks(picture, columns);
}
