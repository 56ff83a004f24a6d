/** What an editor shows: docs of functions, methods and classes, at the name and while the arguments are typed. */
import { resolve } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const file = resolve("program.ts");
const options: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
};
let text = "";
let version = 0;
const service = ts.createLanguageService({
  ...ts.sys,
  useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
  getScriptFileNames: () => [file],
  getScriptVersion: (name) => (name === file ? String(version) : "0"),
  getScriptSnapshot: (name) => {
    const source = name === file ? text : ts.sys.readFile(name);
    return source === undefined ? undefined : ts.ScriptSnapshot.fromString(source);
  },
  getCurrentDirectory: () => resolve("."),
  getCompilationSettings: () => options,
  getDefaultLibFileName: ts.getDefaultLibFilePath,
});

const plain = (parts: ts.SymbolDisplayPart[] | undefined): string => ts.displayPartsToString(parts);

/** What is shown at the name before the first parenthesis of a call, and within its parentheses. */
function shown(call: string) {
  text = `import * as torch from "kindling";\nconst { nn } = torch;\nconst F = nn.functional;\nconst x = torch.rand(2);\n${call}`;
  version++;
  const open = text.indexOf("(", text.length - call.length);
  const info = service.getQuickInfoAtPosition(file, open - 1);
  const help = service.getSignatureHelpItems(file, open + 1, {});
  return {
    doc: plain(info?.documentation),
    signature: plain(info?.displayParts),
    forms: help?.items.map((item) => ({
      doc: plain(item.documentation),
      parameters: item.parameters.map(({ name }) => name),
    })),
  };
}

test.each([
  ["torch.sum(x)", "The sum over `dim`", ["input", "dim", "keepdim", "dtype"]],
  ["x.sum()", "The sum over `dim`", ["dim", "keepdim", "dtype"]],
  ["F.softmax(x, 0)", "so that the elements are positive and sum to 1", ["input", "dim", "dtype"]],
  ["x.topk(1)", "The k largest elements", ["k", "dim", "largest", "sorted"]],
  ["torch.cat([x])", "", ["tensors", "dim"]],
  ["x.relu()", "max(x, 0)", []],
])("%s: names and docs", { timeout: 240_000 }, (call, doc, names) => {
  const { doc: atName, forms } = shown(call);
  expect(atName).toContain(doc);
  expect(atName).not.toBe("");
  expect(forms!.length).toBeGreaterThan(0);
  for (const form of forms!) expect(form.doc).toBe(atName);
  expect(forms!.map(({ parameters }) => parameters)).toContainEqual(names);
});

test.each([
  ["new nn.Conv2d(1, 2, 3)", "Cross-correlation over images", "inChannels"],
  ["new nn.Linear(1, 2)", "", "inFeatures"],
  ["new nn.LSTM(1, 2)", "", "inputSize"],
  ["new torch.optim.SGD([x])", "Stochastic gradient descent", "params"],
  ["new torch.optim.lrScheduler.StepLR(null, 1)", "The rate times", "optimizer"],
])("%s: the doc of the class", (call, doc, first) => {
  const { doc: atName, forms } = shown(call);
  expect(atName).toContain(doc);
  expect(atName).not.toBe("");
  expect(forms![0]!.doc).toBe(atName);
  expect(forms![0]!.parameters[0]).toBe(first);
});

test("a trailing object completes the other arguments by name", () => {
  const at = (call: string) => {
    shown(call);
    const found = service.getCompletionsAtPosition(file, text.indexOf("{ ", text.length - call.length) + 2, {});
    return found?.entries.map(({ name }) => name);
  };
  expect(at("torch.sum(x, { });")).toEqual(expect.arrayContaining(["dim", "keepdim", "dtype"]));
  expect(at("x.sum(0, { });")).toEqual(expect.arrayContaining(["keepdim", "dtype"]));
});
