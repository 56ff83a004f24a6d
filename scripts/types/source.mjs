/** Declarations as a program of the compiler, and changes of their text. */
import ts from "typescript";

const options = { target: ts.ScriptTarget.ESNext, strict: true, types: [] };

/** A program of the one declaration file `code`. */
export function programOf(code) {
  const name = "kindling.d.ts";
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  const file = ts.createSourceFile(name, code, ts.ScriptTarget.ESNext, true);
  host.getSourceFile = (path, ...rest) => (path === name ? file : getSourceFile.call(host, path, ...rest));
  host.fileExists = (path) => path === name || fileExists.call(host, path);
  return { file, checker: ts.createProgram([name], options, host).getTypeChecker() };
}

/** Replaces parts of a text; `edits` are [start, end, text]. Of insertions at one place the last comes first. */
export function edit(text, edits) {
  const parts = [];
  let at = 0;
  for (const [start, end, by] of edits.reverse().sort((a, b) => a[0] - b[0])) {
    parts.push(text.slice(at, start), by);
    at = end;
  }
  return parts.join("") + text.slice(at);
}

/** Calls `visit` with every node. */
export function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
