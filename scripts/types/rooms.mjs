/**
 * `node scripts/types/rooms.mjs`: declares the rooms of the package (`kindling/vision`, …), each name as an alias of what `dist/kindling.d.ts` declares in the
 * namespace, so that both ways of importing give the same types.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import ts from "typescript";
import { ROOMS } from "../building/rooms.mjs";

const path = resolve("dist/kindling.d.ts");
const program = ts.createProgram([path], { noLib: true, types: [], noResolve: true });
const checker = program.getTypeChecker();
const library = /** @type {ts.Symbol} */ (
  checker.getSymbolAtLocation(/** @type {ts.SourceFile} */ (program.getSourceFile(path)))
);

/** Words that no import may introduce. */
const isReserved = (name) =>
  /^(export|import|default|delete|function|class|var|const|enum|in|new|return|switch|typeof|void|null|true|false|with)$/.test(
    name,
  );

function declareRoom(room) {
  const found = checker.getExportsOfModule(library).find(({ name }) => name === room);
  if (found === undefined) throw new Error(`dist/kindling.d.ts has no ${room}`);
  const names = checker.getExportsOfModule(checker.getAliasedSymbol(found)).map(({ name }) => name);
  const lines = names.map((name) =>
    isReserved(name)
      ? `declare const ${name}$: typeof ${room}.${name};\nexport { ${name}$ as ${name} };`
      : `export import ${name} = ${room}.${name};`,
  );
  return `import { ${room} } from "kindling";\n\n${lines.join("\n")}\n`;
}

mkdirSync("dist/rooms", { recursive: true });
for (const room of ROOMS) writeFileSync(`dist/rooms/${room}.d.ts`, declareRoom(room));
