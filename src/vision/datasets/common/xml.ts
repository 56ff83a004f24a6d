/** The part of XML that annotations are written in: elements and texts. */
import { FormatError } from "../../../core/errors";

/** An element: its name, what is in it, and the text before its first child. */
export interface Element {
  readonly tag: string;
  readonly children: Element[];
  text: string;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
/** Elements in each other beyond which a file is damaged. */
const MOST_DEPTH = 100;

const token =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<(\/?)([A-Za-z_][\w.:-]*)([^<>]*?)(\/?)>|([^<]+)/y;

/**
 * The outermost element of a text. Attributes are passed over.
 * @param path The name of the file in errors.
 * @throws FormatError if the text is damaged, or defines what others would expand.
 */
export function parseXml(path: string, text: string): Element {
  const fail = (why: string, at: number): never => {
    throw new FormatError(`"${path}" cannot be read as XML: ${why} at character ${at}: it is truncated or damaged`);
  };
  const decode = (raw: string, at: number): string =>
    raw.replace(/&([^;&\s]{0,12});?/g, (all, name: string) => {
      const code = /^#(?:x([0-9a-f]+)|(\d+))$/i.exec(name);
      const point = code && (code[1] === undefined ? Number(code[2]) : Number.parseInt(code[1], 16));
      if (point !== null && point >= 0 && point <= 0x10ffff) return String.fromCodePoint(point);
      return entities[name] ?? fail(`${JSON.stringify(all)} is not known`, at);
    });
  const open: Element[] = [];
  let root: Element | undefined;
  const addText = (piece: string, at: number): void => {
    const top = open.at(-1);
    if (top === undefined && piece.trim() !== "") fail("there is text outside of the elements", at);
    if (top !== undefined && top.children.length === 0) top.text += piece;
  };
  token.lastIndex = text.startsWith("\ufeff") ? 1 : 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const found = token.exec(text) ?? fail("there is no element", at);
    const [, data, closing, tag, , empty, plain] = found;
    if (data !== undefined) addText(data, at);
    else if (plain !== undefined) addText(decode(plain, at), at);
    else if (tag === undefined) continue;
    else if (closing === "/") {
      if (open.pop()?.tag !== tag) fail(`</${tag}> closes what is not open`, at);
    } else {
      const element: Element = { tag, children: [], text: "" };
      const parent = open.at(-1);
      if (parent === undefined && root !== undefined) fail("there is more than one outermost element", at);
      if (open.length >= MOST_DEPTH) fail(`elements are nested more than ${MOST_DEPTH} deep`, at);
      root ??= element;
      parent?.children.push(element);
      if (empty !== "/") open.push(element);
    }
  }
  if (open.length > 0) fail(`<${open.at(-1)!.tag}> is not closed`, text.length);
  return root ?? fail("there is no element", 0);
}
