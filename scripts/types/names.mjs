/**
 * Lets namespaces export what they have itself. A bundler gives `nn.Conv2d` as an alias (`type nn_Conv2d = Conv2d`), by which the compiler cannot name
 * the class in the declarations of a program: `export class Net { conv = new nn.Conv2d(…) }` would be an error. Declarations are renamed here
 * instead, and exported under their names.
 */
import ts from "typescript";
import { edit, programOf, walk } from "./source.mjs";

/**
 * What an alias of the bundler stands for, as `[alias, target]`.
 * @returns {string[]}
 */
function aliasOf(node) {
  if (ts.isTypeAliasDeclaration(node) && ts.isTypeReferenceNode(node.type))
    return [node.name.text, node.type.typeName.getText()];
  if (!ts.isVariableStatement(node)) return [];
  const [{ name, type }] = node.declarationList.declarations;
  return type !== undefined && ts.isTypeQueryNode(type) ? [name.getText(), type.exprName.getText()] : [];
}

const isNamespace = (node) => ts.isModuleDeclaration(node) && node.body !== undefined && ts.isIdentifier(node.name);

/** The specifiers of all export lists: of the file and of its namespaces. */
function specifiersOf(file) {
  const found = [];
  walk(file, (node) => ts.isExportSpecifier(node) && found.push(node));
  return found;
}

const localName = (specifier) => (specifier.propertyName ?? specifier.name).text;

/** The new names of declarations: of those that aliases stand for, and of namespaces, which get the names under which they are exported. */
function newNames(file, targets) {
  const names = new Map([...targets.values()].map((name) => [name, `${name}$0`]));
  const taken = new Set(
    file.statements.flatMap((node) => (node.name === undefined ? [] : [names.get(node.name.text) ?? node.name.text])),
  );
  const namespaces = new Set(file.statements.filter(isNamespace).map((node) => node.name.text));
  for (const specifier of specifiersOf(file)) {
    const [local, name] = [localName(specifier), specifier.name.text];
    if (!namespaces.has(local) || names.has(local) || taken.has(name)) continue;
    names.set(local, name);
    taken.add(name);
  }
  return names;
}

/** Whether a name within a declaration means what the file declares under it. */
function isOwn(node, checker, file) {
  const { parent } = node;
  if (parent.name === node) return parent.parent === file || ts.isVariableDeclaration(parent);
  const symbol = checker.getSymbolAtLocation(node);
  return (
    symbol?.declarations?.some((declaration) => declaration.parent === file || ts.isVariableDeclaration(declaration)) ??
    false
  );
}

/** Replaces the bundler's aliases by what they stand for. */
export function nameMembers(code) {
  const { file, checker } = programOf(code);
  const prefixes = file.statements
    .filter(isNamespace)
    .map((node) => `${/** @type {ts.ModuleDeclaration} */ (node).name.text}_`);
  const isAlias = ([name, target]) => prefixes.some((prefix) => name === prefix + target);
  const found = file.statements
    .map((node) => /** @type {[ts.Statement, [string, string]]} */ ([node, aliasOf(node)]))
    .filter(([, alias]) => alias.length > 0 && isAlias(alias));
  const targets = new Map(found.map(([, alias]) => alias));
  const aliases = new Set(found.map(([node]) => node));
  const names = newNames(file, targets);
  /** @type {[number, number, string | undefined][]} */
  const edits = [...aliases].map((node) => [node.getFullStart(), node.end, ""]);
  const visit = (node) => {
    if (aliases.has(node)) return;
    if (ts.isExportSpecifier(node)) {
      const local = targets.get(localName(node)) ?? localName(node);
      const renamed = names.get(local) ?? local;
      const text = renamed === node.name.text ? renamed : `${renamed} as ${node.name.text}`;
      edits.push([node.getStart(), node.end, text]);
    } else if (ts.isIdentifier(node) && names.has(node.text) && isOwn(node, checker, file))
      edits.push([node.getStart(), node.end, names.get(node.text)]);
    else ts.forEachChild(node, visit);
  };
  ts.forEachChild(file, visit);
  return edit(code, edits);
}
