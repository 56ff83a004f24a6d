/**
 * What compilers of shaders do not need: comments, ends and indentation of lines, spaces around braces, around operators that no other operator may follow and
 * those of subtraction, behind commas, colons and semicolons, and before parentheses of statements.
 */
const shorten = (/** @type {string} */ text) =>
  text
    .replace(/(\n\s*(\/\/[^\n]*)?)+/g, "\n")
    .replace(/([;{}])\n/g, "$1")
    .replace(/ ([=+*/<>&|?(){}]+) /g, "$1")
    .replace(/ (-) (?=[\w(])/g, "$1")
    .replace(/ ?([{}]) ?/g, "$1")
    .replace(/([,:;]) /g, "$1")
    .replace(/\b(if|for|while|switch|return) \(/g, "$1(");

/** Spaces around operators, in templates of one line: parts of shaders, or names and messages, in which no operator stands between spaces. */
const shortenLine = (/** @type {string} */ text) =>
  text.replace(/ ([=+*/<>&|]+) /g, "$1").replace(/ (-) (?=[\w(])/g, "$1");

/** Calls `visit` with every template of a program that has several lines. */
function eachText(node, visit) {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const one of node) eachText(one, visit);
    return;
  }
  if (node.type === "TemplateLiteral") visit(node);
  for (const [key, value] of Object.entries(node)) if (key !== "start" && key !== "end") eachText(value, visit);
}

/** A plugin of rollup that shortens the text of shaders, which is that of all templates of several lines in files below `folder`. */
export function shortenShaders(folder) {
  return {
    name: "shorten-shaders",
    transform(code, id) {
      if (!id.startsWith(folder)) return null;
      const parts = [];
      eachText(this.parse(code), ({ quasis }) => {
        const how = quasis.some(({ value }) => value.raw.includes("\n")) ? shorten : shortenLine;
        parts.push(...quasis.map(({ start, end }) => ({ start, end, how })));
      });
      let text = code;
      for (const { start, end, how } of parts.sort((a, b) => b.start - a.start))
        text = text.slice(0, start) + how(text.slice(start, end)) + text.slice(end);
      return { code: text, map: null };
    },
  };
}
