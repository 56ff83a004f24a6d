/** Colors by their names and notations in style sheets, as PIL's `ImageColor` reads them. */
import { checkArray, checkInteger } from "../../core/arguments";
import { ArgumentError, describe, ValueError } from "../../core/errors";

/** Red, green and blue from 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** A color: a name (`"red"`), a notation (`"#ff00ff"`, `"rgb(255, 0, 0)"`, `"hsl(120, 50%, 50%)"`), or its values from 0 to 255. */
export type Color = string | readonly [red: number, green: number, blue: number];

/** The names of style sheets (CSS Color Module Level 4), with their values in hexadecimal. */
const text =
  "aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 " +
  "black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue " +
  "5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c " +
  "cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey " +
  "a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred " +
  "8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f " +
  "darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 " +
  "dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc " +
  "ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 " +
  "honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa " +
  "lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff " +
  "lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon " +
  "ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue " +
  "b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 " +
  "mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 " +
  "mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue " +
  "191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive " +
  "808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 " +
  "paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum " +
  "dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 " +
  "saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 " +
  "skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue " +
  "4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white " +
  "ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32 ";

const words = text.trim().split(" ");
const named = new Map(words.flatMap((word, i) => (i % 2 === 0 ? [[word, `#${words[i + 1]}`] as const] : [])));

const round = (value: number): number => Math.floor(value + 0.5);

/** Each digit of a short notation stands for two. */
function fromHex(digits: string): number[] {
  const size = digits.length > 4 ? 2 : 1;
  return (digits.match(size === 2 ? /../g : /./g) ?? []).map((part) => Number.parseInt(part.repeat(3 - size), 16));
}

/** Hue, lightness and saturation of [0, 1] as red, green and blue of [0, 1]. */
function fromHls(h: number, l: number, s: number): number[] {
  const high = l <= 0.5 ? l * (1 + s) : l + s - l * s;
  const low = 2 * l - high;
  return [h + 1 / 3, h, h - 1 / 3].map((part) => {
    const hue = part - Math.floor(part);
    if (hue < 1 / 6) return low + (high - low) * hue * 6;
    if (hue < 0.5) return high;
    return hue < 2 / 3 ? low + (high - low) * (2 / 3 - hue) * 6 : low;
  });
}

/** Hue, saturation and value of [0, 1] as red, green and blue of [0, 1]. */
function fromHsv(h: number, s: number, v: number): number[] {
  const sector = Math.trunc(h * 6);
  const f = h * 6 - sector;
  const [p, q, t] = [v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))];
  return [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ][sector % 6]!;
}

const numbers = (text: string): number[] => (text.match(/\d+\.?\d*/g) ?? []).map(Number);

/** A notation as values, with alpha where it says so. @throws ValueError */
function parse(op: string, color: string): number[] {
  const lower = color.toLowerCase();
  const known = named.get(lower) ?? lower;
  if (/^#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/.test(known)) return fromHex(known.slice(1));
  const values = numbers(known);
  if (/^rgb\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)$/.test(known)) return values;
  if (/^rgba\(\s*\d+\s*,\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)$/.test(known)) return values;
  if (/^rgb\(\s*\d+%\s*,\s*\d+%\s*,\s*\d+%\s*\)$/.test(known)) return values.map((v) => round((v * 255) / 100));
  const isHue = /^hs[lbv]\(\s*\d+\.?\d*\s*,\s*\d+\.?\d*%\s*,\s*\d+\.?\d*%\s*\)$/.test(known);
  if (!isHue) throw new ValueError(`${op}: unknown color specifier: ${describe(color)}`);
  const [h, second, third] = [values[0]! / 360, values[1]! / 100, values[2]! / 100];
  const rgb = known.startsWith("hsl") ? fromHls(h, third, second) : fromHsv(h, second, third);
  return rgb.map((v) => round(v * 255));
}

/** The values of a color. @throws ArgumentError, ValueError for what is none. */
export function rgbOf(op: string, color: unknown): Rgb {
  if (typeof color === "string") {
    const [r, g, b] = parse(op, color);
    return [r! & 255, g! & 255, b! & 255];
  }
  const list = checkArray(op, "a color", color, 'three numbers, or a string such as "red" or "#ff00ff"');
  if (list.length !== 3) throw new ArgumentError(`${op}: a color has three values, got ${describe(color)}`);
  return list.map((value) => checkInteger(op, "a color", value, 0, 255)) as unknown as Rgb;
}

/** Colors that are told apart, one for each object. */
export const paletteOf = (count: number): Rgb[] =>
  Array.from(
    { length: count },
    (_, i): Rgb => [(i * (2 ** 25 - 1)) % 255, (i * (2 ** 15 - 1)) % 255, (i * (2 ** 21 - 1)) % 255],
  );
