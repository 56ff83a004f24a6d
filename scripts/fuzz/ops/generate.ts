/** The call with a number, from a seed: a sample or a guess, varied, and in half of the cases made hostile. */

import { UsageError } from "../../../src/cli/usageError";
import { declarationOf, functionOf } from "../../../test/conformance/declared";
import { torch } from "../../../test/conformance/values";
import { guess } from "./guess";
import { mutate, vary } from "./hostile";
import { Rng } from "./rng";
import { lastName, type Target, targets } from "./targets";
import type { Knowledge } from "./templates";
import { type Call, mapCall, type Value } from "./value";

/** Makes calls; the same for the same seed, number and build. */
export class Generator {
  private readonly all: readonly Target[];
  private readonly templates = new Map<string, Call[]>();

  /**
   * @param op Only targets with this path or last name, or all below a path that ends with a point.
   * @param planted Functions that are called as well.
   * @param hostile The share of calls that are made hostile.
   */
  constructor(
    { api, templates }: Knowledge,
    private readonly seed: number,
    op?: string,
    planted: readonly string[] = [],
    private readonly hostile = 0.5,
  ) {
    const extra = planted.map(
      (name): Target => ({ kind: "function", path: `planted.${name}`, signatures: [], forwards: [] }),
    );
    this.all = [...targets(api), ...extra].filter((target) => op === undefined || isMeant(op, target));
    if (this.all.length === 0) throw new UsageError(`--op: nothing public is called ${op}`);
    for (const call of templates) {
      const key = call.kind === "module" ? call.path : lastName(call.path);
      const known = this.templates.get(key);
      if (known) known.push(call);
      else this.templates.set(key, [call]);
    }
  }

  call(k: number): Call {
    const rng = new Rng(this.seed, k);
    let call = this.plausible(rng, rng.pick(this.all));
    if (rng.chance(0.6)) call = vary(rng, call);
    if (rng.chance(0.25)) call = byName(rng, call);
    if (!rng.chance(this.hostile)) return small(call);
    for (let changes = rng.pick([1, 1, 1, 2, 2, 3]); changes > 0; changes--) call = mutate(rng, call);
    return small(call);
  }

  private plausible(rng: Rng, target: Target): Call {
    const { kind, path } = target;
    const known = this.templates.get(kind === "module" ? path : lastName(path));
    if (known === undefined || rng.chance(0.15) || kind === "class" || kind === "optimizer" || kind === "scheduler")
      return guess(rng, target);
    const template = rng.pick(known);
    if (kind === "module" || template.kind === "module") return kind === template.kind ? template : guess(rng, target);
    return isFitting(kind, template.args[0]) ? { ...template, kind, path } : guess(rng, target);
  }
}

/** What calls a function for every element of its inputs, some for every pair. */
const repeats = /^(gradcheck|gradgradcheck|jacobian|hessian|jacrev|jacfwd|v?hvp|vhp)$/;
const MOST_INPUTS = 8;

/** Such calls get small inputs: large ones take minutes, and are right. */
const small = (call: Call): Call =>
  repeats.test(lastName(call.path))
    ? mapCall(call, (x) =>
        x.is === "tensor" && x.shape.reduce((a, b) => a * b, 1) > MOST_INPUTS ? { ...x, shape: [2, 3] } : x,
      )
    : call;

/** The function at a path; what is planted is not below `torch`. */
const find = (path: string): unknown => path.split(".").reduce<any>((value, key) => value?.[key], torch);

/** Some of the last arguments by name, where the function declares names. */
function byName(rng: Rng, call: Call): Call {
  const { kind, path, args } = call;
  if (kind !== "function" && kind !== "method") return call;
  const names = declarationOf(kind === "method" ? functionOf(torch.Tensor.prototype[path]) : find(path))?.positions;
  const last = args.at(-1);
  const options = last?.is === "record" ? last.entries : [];
  const given = options.length > 0 ? args.slice(0, -1) : args;
  if (names === undefined || given.length > names.length) return call;
  const first = rng.between(kind === "method" ? 1 : 0, given.length);
  const entries = given.slice(first).map((value, i) => [names[first + i]!, value] as const);
  if (entries.length + options.length === 0) return call;
  return { ...call, args: [...given.slice(0, first), { is: "record", entries: [...entries, ...options] }] };
}

/** Methods are below `Tensor`. */
function isMeant(op: string, { kind, path }: Target): boolean {
  const full = kind === "method" ? `Tensor.${path}` : path;
  return op.endsWith(".") ? full.startsWith(op) : full === op || path.split(".").at(-1) === op;
}

/** A method is called of a tensor. */
const isFitting = (kind: Call["kind"], first: Value | undefined): boolean =>
  kind !== "method" || first?.is === "tensor";
