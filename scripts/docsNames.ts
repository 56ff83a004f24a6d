/** `npm run docs:names`: writes `docs/names.md`, what became of each of PyTorch's public names. */
import { writeFileSync } from "node:fs";
import { page, summary } from "../test/architecture/names";

writeFileSync("docs/names.md", page());
console.log(summary());
