/**
 * Writes declarations out as a person would: calls by position and by name as overloads with named parameters and docs, in place of types that
 * work them out. Editors then show each call with its doc, and every TypeScript from 5.0 on reads them, fast.
 */
import ts from "typescript";
import { constructForm, ctorForms, formsOf, methodForms } from "./forms.mjs";
import { edit, programOf, walk } from "./source.mjs";

/** Properties keep their docs in a mapped type with `as`, unlike in `Omit`. */
const without = "type Without<T, K> = { [P in keyof T as P extends K ? never : P]: T[P] };\n";

/** The doc comment of a declaration, with `indent` before each line. */
function docOf(node, file, indent = "") {
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  const [last] = (ts.getLeadingCommentRanges(file.text, holder.pos) ?? []).reverse();
  if (last === undefined || !file.text.startsWith("/**", last.pos)) return "";
  const text = file.text.slice(last.pos, last.end);
  return `${text.replace(/^[ \t]*\*/gm, `${indent} *`).replace(/^/, indent)}\n`;
}

/** A declared constant as overloads of a function, or undefined where its type is no signature. */
function functionOf(statement, file, checker) {
  const [declaration] = statement.declarationList.declarations;
  if (declaration.type === undefined || ts.isTypeQueryNode(declaration.type)) return undefined;
  const forms = formsOf(checker.getTypeAtLocation(declaration.name), declaration, checker);
  if (forms === undefined) return undefined;
  const doc = docOf(declaration, file);
  const name = declaration.name.text;
  return forms.map((form) => `${doc}declare function ${name}${form};`).join("\n");
}

/** The ops as methods, written into the interface of Tensor, but for those that its class has itself. */
function methodsOf(ops, file, checker) {
  const type = checker.getTypeAtLocation(ops);
  const own = new Set(ownMembers(file, "Tensor"));
  return checker
    .getPropertiesOfType(type)
    .filter(({ name }) => !own.has(name))
    .flatMap((property) => {
      const declaration = originOf(property, file, checker);
      const doc = docOf(declaration, file, "    ");
      return methodForms(property, declaration, checker).map((form) => `${doc}    ${keyOf(property)}${form};`);
    })
    .join("\n");
}

const isAugmentation = (node) =>
  ts.isInterfaceDeclaration(node) && node.name.text === "Tensor" && node.heritageClauses === undefined;

/** In an interface, `new(…)` without quotes is a constructor. */
const keyOf = ({ name }) => (name === "new" ? '"new"' : name);

/** A member of the type `Method<typeof f>` as overloads. */
function memberEdits(member, file, checker) {
  const query =
    ts.isPropertySignature(member) &&
    /** @type {ts.TypeReferenceNode} */ (member.type)?.typeArguments?.find(ts.isTypeQueryNode);
  if (!query) return [];
  const type = checker.getTypeAtLocation(query);
  const forms = formsOf(type, query, checker, 1);
  if (forms === undefined) return [];
  const doc = docOf(member, file, "    ");
  const text = forms.map((form) => `${doc}    ${member.name.getText()}${form};`).join("\n");
  return [[member.getStart(file, true), member.end, text.trimStart()]];
}

/**
 * What an interface extends besides the ops.
 * @param {any} node
 */
const others = ({ heritageClauses: [{ types }] }) =>
  types
    .slice(1)
    .map((type) => type.getText())
    .join(", ");

/** Where a property is declared that a module exports. */
function originOf({ declarations: [declaration] }, file, checker) {
  if (!ts.isExportSpecifier(declaration)) return declaration;
  const target = checker.getExportSpecifierLocalTargetSymbol(declaration);
  const [origin] = (target.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(target) : target).declarations;
  return behindAlias(origin, file, checker);
}

/** The function that a constant without a doc of its own is another name of: those that the bundler makes for namespaces. */
function behindAlias(node, file, checker) {
  if (!ts.isVariableDeclaration(node) || node.type === undefined || !ts.isTypeQueryNode(node.type)) return node;
  if (docOf(node, file) !== "") return node;
  return checker.getSymbolAtLocation(node.type.exprName).declarations[0];
}

const ownMembers = (file, name) =>
  file.statements
    .filter((node) => ts.isClassDeclaration(node) && node.name?.text === name)
    .flatMap((node) => node.members.map((member) => member.name?.getText()));

/** Constructors by position and by name, with the doc of the class: each class has its own, those included that inherit theirs. */
function constructorEdits(node, file, checker) {
  const classDoc = docOf(node, file, "    ");
  const write = (forms, doc, modifier = "") =>
    forms.map((form) => `${doc}    ${modifier}constructor${form};`).join("\n");
  const own = node.members.filter(ts.isConstructorDeclaration);
  if (own.length === 0) {
    const forms = inheritedForms(node, checker);
    return forms.length > 0 ? [[node.members.pos, node.members.pos, `\n${write(forms, classDoc)}`]] : [];
  }
  return own.flatMap((member) => {
    const modifier = member.modifiers?.[0].getText();
    const doc = docOf(member, file, "    ") || classDoc;
    if (modifier === "private" || member.parameters.length === 0) return [];
    const forms = ctorForms(member, checker) ?? [member.getText().replace(/^(\w+ )?constructor|;$/g, "")];
    return [[member.getStart(file, true), member.end, write(forms, doc, modifier && `${modifier} `).trimStart()]];
  });
}

/** The forms of a constructor of a base class. */
function inheritedForms(node, checker) {
  const signatures = checker.getSignaturesOfType(checker.getTypeOfSymbol(node.symbol), ts.SignatureKind.Construct);
  return signatures.flatMap((signature) => {
    const { declaration } = signature;
    if (declaration === undefined || !ts.isConstructorDeclaration(declaration)) return [];
    if ((declaration.modifiers?.length ?? 0) > 0 || declaration.parameters.length === 0) return [];
    if (declaration.getSourceFile() !== node.getSourceFile()) return [];
    return ctorForms(declaration, checker, true) ?? [constructForm(signature, node, checker)];
  });
}

/** Options that are left out may as well be undefined: also under `exactOptionalPropertyTypes`. */
function looseEdit(node) {
  if (!ts.isPropertySignature(node) && !ts.isMappedTypeNode(node)) return [];
  if (node.questionToken?.kind !== ts.SyntaxKind.QuestionToken || node.type === undefined) return [];
  const text = node.type.getText();
  if (/\bundefined$/.test(text)) return [];
  const isFunction = ts.isFunctionTypeNode(node.type) || ts.isConditionalTypeNode(node.type);
  return isFunction
    ? [
        [node.type.getStart(), node.type.getStart(), "("],
        [node.type.end, node.type.end, ") | undefined"],
      ]
    : [[node.type.end, node.type.end, " | undefined"]];
}

/** Lets optional properties be undefined. */
export function loosen(code) {
  const file = ts.createSourceFile("kindling.d.ts", code, ts.ScriptTarget.ESNext, true);
  const edits = [];
  walk(file, (node) => edits.push(...looseEdit(node)));
  return edit(code, edits);
}

/** Replaces constants, constructors and methods by overloads. */
export function expand(code) {
  const { file, checker } = programOf(code);
  const ops = file.statements.find((node) => ts.isTypeAliasDeclaration(node) && node.name.text === "Ops");
  const edits = [];
  for (const node of file.statements) {
    if (ts.isVariableStatement(node)) {
      const text = functionOf(node, file, checker);
      if (text !== undefined) edits.push([node.getStart(file, true), node.end, text]);
    } else if (ts.isClassDeclaration(node)) edits.push(...constructorEdits(node, file, checker));
    else if (isAugmentation(node))
      edits.push(
        .../** @type {ts.InterfaceDeclaration} */ (node).members.flatMap((member) =>
          memberEdits(member, file, checker),
        ),
      );
    else if (ts.isInterfaceDeclaration(node) && /^extends Ops\b/.test(node.heritageClauses?.[0]?.getText() ?? ""))
      edits.push([
        node.getStart(file, true),
        node.end,
        `interface Tensor extends ${others(node)} {\n${methodsOf(ops, file, checker)}\n}`,
      ]);
  }
  return `${edit(code, edits)}\n${without}`;
}
