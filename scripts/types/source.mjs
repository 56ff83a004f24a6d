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

/** Replaces parts of a text; `edits` are [start, end, text]. */
export const edit = (text, edits) =>
  edits
    .sort((a, b) => b[0] - a[0])
    .reduce((done, [start, end, by]) => done.slice(0, start) + by + done.slice(end), text);

/** Calls `visit` with every node. */
export function walk(node, visit) {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}
