/** Prints every public name of PyTorch with ours, as JSON; for the table of the documentation site (`npm run docs`). */
import { nameRows } from "../test/architecture/names";

console.log(JSON.stringify(nameRows()));
