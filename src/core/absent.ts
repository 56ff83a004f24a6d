/** Help for those who type names that are not here: PyTorch's spelling, Python's brackets, and what JavaScript or this library cannot have. */
import { ArgumentError, IndexError } from "./errors";
import { camelCase } from "./snakeCase";

/** What to use in the place of names, by kind: the first pattern that fits the name in camelCase counts. */
export type WaysOut = readonly (readonly [names: RegExp, wayOut: string])[];

/** How {@link explainAbsent} explains. */
export interface Explanations {
  /** Fields of the instances, which the prototype does not show. */
  readonly fields?: readonly string[];
  /** Names that cannot be here. */
  readonly waysOut?: WaysOut;
  /** What to write in the place of brackets around an index; without it, brackets read undefined. */
  readonly index?: (key: string) => string;
  /** Whether its users add fields of any name. */
  readonly isOpen?: boolean;
}

/** Properties in brackets that are no names: numbers, `"1:3"`, and what null and tensors become as a property. */
const INDEX = /^([-+.:]|\d|null$|tensor\()/;

/**
 * Turns names that objects of a class do not have into errors that give the way out: PyTorch's spelling of every member, and names that cannot be
 * here; without it they would read as undefined, and be written without an effect. All other names stay undefined.
 *
 * A proxy stands at the root of the prototypes, which only names that nothing before it has ever reach. So what exists wins and costs nothing
 * more, and what is added later is known at once.
 * @param prototype The prototype of the class.
 * @param owner How the error names an object of the class.
 */
export function explainAbsent(prototype: object, owner: string, explanations: Explanations = {}): void {
  const { fields = [], waysOut = [], index, isOpen = false } = explanations;
  const refuse = (target: object, key: string | symbol, isWrite: boolean): void => {
    if (typeof key === "symbol" || key in target) return;
    const ours = camelCase(key);
    if (ours !== key && (ours in prototype || fields.includes(ours)))
      throw new ArgumentError(`${owner}.${key}: names are in camelCase here: did you mean ${owner}.${ours}?`);
    if (isWrite && isOpen) return;
    if (index !== undefined && INDEX.test(key)) throw new IndexError(`${owner}[${key}]: ${index(key)}`);
    const found = waysOut.find(([names]) => names.test(ours));
    if (found !== undefined) throw new ArgumentError(`${owner}.${key}: ${found[1]}`);
  };
  let root = prototype;
  for (let next = root; next !== Object.prototype; next = Object.getPrototypeOf(next)) root = next;
  const handler: ProxyHandler<object> = {
    get(target, key, receiver) {
      refuse(target, key, false);
      return Reflect.get(target, key, receiver);
    },
    set(target, key, value, receiver) {
      refuse(target, key, true);
      return Reflect.set(target, key, value, receiver);
    },
  };
  Object.setPrototypeOf(root, new Proxy(Object.create(Object.prototype), handler));
}

/** An object of a namespace whose other names are errors that give the way out. */
export function namespace<T extends object>(members: T, owner: string, waysOut: WaysOut): T {
  const prototype = {};
  explainAbsent(prototype, owner, { fields: Object.keys(members), waysOut });
  return Object.freeze(Object.setPrototypeOf(members, prototype));
}
