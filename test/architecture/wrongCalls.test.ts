/** Wrong values thrown at everything public: what is not accepted is an error of Kindling's that names what was called. */
import { expect, test } from "vitest";
import type { Fault } from "../../scripts/fuzz/fault";
import { fuzzOps } from "../../scripts/fuzz/ops";
import known from "./wrongCallsKnown.json" with { type: "json" };

/** What a program calls: `torch.nn.Linear.to` of `new torch.nn.Linear(3, 2).to();`. */
function callableOf(program: string): string {
  const call = program.slice(program.search(/^(new )?torch\./m)).replace(/^new /, "");
  let depth = 0;
  let name = "";
  for (const c of call) {
    if ("([{".includes(c)) depth++;
    if (depth === 0 && /[\w.]/.test(c)) name += c;
    if (")]}".includes(c)) depth--;
  }
  return name;
}

/** What of the faults is known to be left, as the list beside this file has it: the callable and the kind. */
const entryOf = ({ program, detail }: Fault): string => `${callableOf(program)}: ${detail.split(":")[0]}`;
const listed: ReadonlySet<string> = new Set(
  Object.entries(known as Readonly<Record<string, readonly string[]>>).flatMap(([name, kinds]) =>
    kinds.map((kind) => `${name}: ${kind}`),
  ),
);

/** Faults by what they say, each with one program. */
function grouped(faults: readonly Fault[]): string[] {
  const groups = new Map<string, Fault[]>();
  for (const fault of faults) {
    const gist = `${fault.kind}: ${fault.detail.split("\n")[0]!.replace(/ \(call \d+\)$/, "")}`;
    groups.set(gist, [...(groups.get(gist) ?? []), fault]);
  }
  return [...groups].map(([gist, same]) => `${same.length} × ${gist}\n${same[0]!.program}`);
}

test("wrong calls of everything public", async () => {
  const faults: Fault[] = [];
  const options = { seed: 1, calls: Number.POSITIVE_INFINITY, seconds: 280, limit: 5, wrong: true };
  const { calls, subjects, accepted, refused } = await fuzzOps({ ...options, report: (fault) => faults.push(fault) });
  console.log(
    `${calls} calls of ${subjects} callables: ${accepted} accepted, ${refused} refused, ${faults.length} faults`,
  );
  expect(grouped(faults.filter((fault) => !listed.has(entryOf(fault))))).toEqual([]);
  const found = new Set(faults.map(entryOf));
  expect(
    [...listed].filter((entry) => !found.has(entry)),
    "entries of wrongCallsKnown.json that no longer occur",
  ).toEqual([]);
  expect(subjects).toBeGreaterThan(1500);
  expect(refused).toBeGreaterThan(15_000);
}, 300_000);
