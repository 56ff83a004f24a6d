/** Where the library reads values at once: each place with the reason why nothing else is possible there. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");
/** The parts of the library that compute. */
const rooms = ["ops", "nn", "optim", "autograd", "data", "func", "distributions"];
/** Methods that give values at once; of the others those of backends. */
const methods = new Set(["item", "numpy", "tolist", "toTypedArray"]);
const ofBackends = new Set(["countNonzero", "element", "view"]);

const isBackend = (node: ts.Expression): boolean => /(^|\.)(backend|cpu\(\))$/.test(node.getText());

function isRead(node: ts.Node): boolean {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return false;
  const { name, expression } = node.expression;
  if (methods.has(name.text)) return node.arguments.length === 0;
  return ofBackends.has(name.text) && isBackend(expression);
}

/** The name of the outermost function or of the method that a node stands in. */
function nameOf(node: ts.Node): string {
  let found = "";
  for (let at = node.parent; at !== undefined; at = at.parent) {
    if (ts.isMethodDeclaration(at) || ts.isGetAccessor(at))
      return `${(at.parent as ts.ClassLikeDeclaration).name?.text}.${at.name.getText()}`;
    if (ts.isConstructorDeclaration(at)) return `${(at.parent as ts.ClassLikeDeclaration).name?.text}.constructor`;
    if (ts.isFunctionDeclaration(at) && at.name !== undefined) found = at.name.text;
    if (
      ts.isVariableDeclaration(at) &&
      ts.isVariableStatement(at.parent.parent) &&
      ts.isSourceFile(at.parent.parent.parent)
    )
      found = at.name.getText();
  }
  return found;
}

function readsIn(path: string): string[] {
  const file = ts.createSourceFile(path, readFileSync(resolve(root, path), "utf8"), ts.ScriptTarget.ESNext, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isRead(node)) found.push(`${path.slice("src/".length)} ${nameOf(node)}`);
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

/** Every function that reads values at once, as `file name`. */
export const reads: readonly string[] = [
  ...new Set(
    rooms.flatMap((room) =>
      (readdirSync(resolve(root, "src", room), { recursive: true }) as string[])
        .filter((name) => name.endsWith(".ts"))
        .sort()
        .flatMap((name) => readsIn(`src/${room}/${name}`)),
    ),
  ),
];
