/** The sources of the library as the TypeScript compiler sees them. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";

const root = resolve(import.meta.dirname, "../..");

function createProgram(): ts.Program {
  const { config } = ts.readConfigFile(resolve(root, "tsconfig.build.json"), ts.sys.readFile);
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  return ts.createProgram(fileNames, options);
}

export const program = createProgram();
export const checker = program.getTypeChecker();

/** The path of a file below the repository's folder. */
export const pathOf = (file: ts.SourceFile): string => relative(root, file.fileName);

/** Every file in `src/`, by path; declaration files are left out. */
export const sources: ReadonlyMap<string, ts.SourceFile> = new Map(
  program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile && pathOf(file).startsWith("src/"))
    .map((file) => [pathOf(file), file]),
);

/** The files in `src/` that a file imports values or types from. */
export function importsOf(file: ts.SourceFile): string[] {
  return file.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    const name = moduleSpecifier.text;
    if (!name.startsWith(".")) return [];
    const target = relative(root, resolve(dirname(file.fileName), name));
    return [sources.has(`${target}.ts`) ? `${target}.ts` : `${target}/index.ts`];
  });
}

type Target = "baseline" | "relaxed";

const binaryOf = (target: Target) => readFileSync(resolve(root, `build/kernels.${target}.wasm`));

/** Whether this runtime has the instructions of a target. */
export const isSupported = (target: Target): boolean => WebAssembly.validate(binaryOf(target));

/** The names of the functions that a compiled binary exports. */
export function exportedKernels(target: Target): Set<string> {
  const module = new WebAssembly.Module(binaryOf(target));
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function");
  return new Set(functions.map(({ name }) => name));
}

/** The strings in the files: those that are written out, and the ends of templates of one part, such as "Dim" of `${op}Dim`. */
export function stringsIn(files: Iterable<ts.SourceFile>): { readonly texts: Set<string>; readonly ends: Set<string> } {
  const texts = new Set<string>();
  const ends = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.add(node.text);
    else if (ts.isTemplateExpression(node) && node.head.text === "" && node.templateSpans.length === 1)
      ends.add(node.templateSpans[0]!.literal.text);
    ts.forEachChild(node, visit);
  };
  for (const file of files) visit(file);
  return { texts, ends };
}

/** `file.ts:12`. */
export function placeOf(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${pathOf(file)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}
