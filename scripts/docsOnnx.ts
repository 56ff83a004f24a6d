/** `node --import tsx scripts/docsOnnx.ts`: writes the table of operators in docs/onnx.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { families } from "../src/onnx/import/ops/index";

const [START, END] = ["<!-- operators -->", "<!-- end of operators -->"];

const rows = Object.entries(families).map(
  ([family, entries]) =>
    `| ${family} | ${entries.map(({ name, domain }) => (domain ? `${domain}.${name}` : name)).join(", ")} |`,
);
const path = "docs/onnx.md";
const text = readFileSync(path, "utf8");
const table = ["| family | operators |", "| --- | --- |", ...rows].join("\n");
writeFileSync(path, `${text.slice(0, text.indexOf(START) + START.length)}\n${table}\n${text.slice(text.indexOf(END))}`);
