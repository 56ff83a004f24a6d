/** Finds reads of the names of classes and functions, which bundlers shorten. */
import ts from "typescript";

/** Whether a property is the one that all functions have, as the types of JavaScript declare it. */
function isNameOfFunction(symbol: ts.Symbol | undefined): boolean {
  return (symbol?.declarations ?? []).some(
    ({ parent }) => ts.isInterfaceDeclaration(parent) && /^(Callable|Newable)?Function$/.test(parent.name.text),
  );
}

/** `x.name` of a class or a function, and `{ name } = x`. */
function readsName(node: ts.Node, checker: ts.TypeChecker): boolean {
  if (ts.isPropertyAccessExpression(node) && node.name.text === "name")
    return (
      /(\.constructor|new\.target)$/.test(node.expression.getText()) ||
      isNameOfFunction(checker.getSymbolAtLocation(node.name))
    );
  if (!ts.isBindingElement(node) || (node.propertyName ?? node.name).getText() !== "name") return false;
  return isNameOfFunction(checker.getTypeAtLocation(node.parent).getProperty("name"));
}

/** The nodes of a file that read the name of a class or a function. */
export function namesRead(node: ts.Node, checker: ts.TypeChecker): ts.Node[] {
  const found = readsName(node, checker) ? [node] : [];
  ts.forEachChild(node, (child) => void found.push(...namesRead(child, checker)));
  return found;
}

/** The same for a text, as source lines. */
export function namesReadIn(text: string): string[] {
  const options = { target: ts.ScriptTarget.ES2022, lib: ["lib.es2022.d.ts"], types: [] };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, ...rest) =>
    name === "text.ts" ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true) : read(name, ...rest);
  const program = ts.createProgram(["text.ts"], options, host);
  return namesRead(program.getSourceFile("text.ts")!, program.getTypeChecker()).map((node) => node.getText());
}
