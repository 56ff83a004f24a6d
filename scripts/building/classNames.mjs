import { sep } from "node:path";

/** The name of a class in the source: its own, or that of the constant that holds it. */
function nameOfClass(node, parent) {
  const holder = parent?.type === "VariableDeclarator" && parent.id.type === "Identifier" ? parent.id.name : undefined;
  return holder ?? node.id?.name;
}

const isStatic = (member, name) => member.static && !member.computed && member.key?.name === name;

/** Calls `visit` with every class of a program. */
function eachClass(node, parent, visit) {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const one of node) eachClass(one, parent, visit);
    return;
  }
  if (node.type === "ClassDeclaration" || node.type === "ClassExpression") visit(node, parent);
  for (const [key, value] of Object.entries(node)) if (key !== "start" && key !== "end") eachClass(value, node, visit);
}

/**
 * A plugin of rollup that gives each class below `folder` the static field `className`. Printed modules, messages and files show that name (see
 * `src/core/className.ts`), because bundlers of users shorten identifiers, and rollup itself tells namesakes apart by numbers. A static field with a
 * text has no effect that would keep an unused class in a bundle. Classes below `unseen`, which nobody prints, go without.
 */
export function nameClasses(folder, unseen) {
  return {
    name: "name-classes",
    transform(code, id) {
      if (!id.startsWith(folder + sep) || id.startsWith(unseen + sep) || !code.includes("class")) return null;
      const fields = [];
      eachClass(this.parse(code), undefined, (node, parent) => {
        const name = nameOfClass(node, parent);
        if (name !== undefined && !node.body.body.some((member) => isStatic(member, "className")))
          fields.push({ at: node.body.start + 1, text: ` static className = ${JSON.stringify(name)};` });
      });
      let text = code;
      for (const { at, text: field } of fields.sort((a, b) => b.at - a.at))
        text = text.slice(0, at) + field + text.slice(at);
      // Fields are added to the ends of lines, so that the positions of all other code stay what they are.
      return { code: text, map: null };
    },
  };
}
