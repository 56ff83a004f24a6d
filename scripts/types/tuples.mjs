/** Tuples for compilers before TypeScript 5.2, which take names of all members or of none. */
import ts from "typescript";
import { edit, walk } from "./source.mjs";

const isNamed = (member) => ts.isNamedTupleMember(member);

/** A member without its name. */
function unnamed(member, file) {
  const type = member.type.getText(file);
  if (member.dotDotDotToken !== undefined) return `...${type}`;
  return member.questionToken === undefined ? type : `(${type})?`;
}

/** Takes the names of tuples away of which only some members have one. */
export function unifyTuples(code) {
  const file = ts.createSourceFile("all.d.ts", code, ts.ScriptTarget.Latest, true);
  const edits = [];
  let end = 0;
  walk(file, (node) => {
    if (!ts.isTupleTypeNode(node) || node.getStart(file) < end) return;
    if (!node.elements.some(isNamed) || node.elements.every(isNamed)) return;
    const members = node.elements.map((member) => (isNamed(member) ? unnamed(member, file) : member.getText(file)));
    edits.push([node.getStart(file), node.end, `[${members.join(", ")}]`]);
    end = node.end;
  });
  return edits.length === 0 ? code : unifyTuples(edit(code, edits));
}
