/** Programs on the `cpu` device, for functions that are compiled. Nothing else imports this folder, so that programs without them leave it out. */
export { formulaOf, formulas } from "./formulas";
export { bytesOf, programOf } from "./program";
