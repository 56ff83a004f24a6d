/** Node's entry, which loads what is not in the core when it is first used. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "kindling-node-"));
afterAll(() => rmSync(folder, { recursive: true }));

const urlOf = (file: string): string => JSON.stringify(pathToFileURL(resolve("dist", file)).href);

/** What a program prints as JSON, after a head that imports the entry and lists the parts that were loaded by it. */
async function printed(program: string): Promise<unknown> {
  const file = join(folder, "program.mjs");
  writeFileSync(
    file,
    `import { createRequire } from "node:module";
import { basename } from "node:path";
import * as torch from ${urlOf("node.js")};
const loaded = () => Object.keys(createRequire(import.meta.url).cache).map((path) => basename(path, ".js"));
const print = (value) => console.log(JSON.stringify(value));
${program}`,
  );
  const { stdout } = await run(process.execPath, [file]);
  return JSON.parse(stdout);
}

test("computes by the core alone, whose kernels it reads from their files", async () => {
  const program = "print([torch.rand(2, 3).matmul(torch.ones(3, 2)).exp().shape, loaded()]);";
  expect(await printed(program)).toEqual([[2, 2], []]);
});

test("loads a part when it is first used", async () => {
  const program = `
    const before = [typeof torch.nn, typeof torch.load, Object.keys(torch.optim).includes("SGD"), loaded()];
    class Net extends torch.nn.Module { fc = new torch.nn.Linear(2, 1); forward(x) { return this.fc(x); } }
    print([...before, new Net()(torch.ones(3, 2)).shape, loaded()]);`;
  expect(await printed(program)).toEqual(["object", "function", true, [], [3, 1], ["nn"]]);
});

test("has all that the whole library exports, and the same", async () => {
  const program = `
    const whole = await import(${urlOf("kindling.js")});
    const differ = (name, one, other) => {
      if (typeof one !== typeof other) return "type";
      if (typeof one === "object" && one !== null) {
        const keys = Reflect.ownKeys(other);
        if (keys.some((key) => Reflect.get(one, key) !== Reflect.get(other, key))) return "member";
        if (Reflect.ownKeys(one).length !== keys.length || Object.isFrozen(one) !== Object.isFrozen(other)) return "keys";
        return Object.getPrototypeOf(one) === Object.getPrototypeOf(other) ? undefined : "prototype";
      }
      if (typeof one !== "function") return Object.is(one, other) ? undefined : "value";
      // Functions are no constructors.
      const keys = Object.getOwnPropertyNames(other).filter((key) => key !== "prototype" || /^class/.test(other));
      return keys.some((key) => one[key] !== other[key]) ? "property" : undefined;
    };
    const names = Object.keys(whole);
    print([
      Object.keys(torch).sort().join() === names.sort().join(),
      names.map((name) => [name, differ(name, torch[name], whole[name])]).filter(([, found]) => found),
    ]);`;
  expect(await printed(program)).toEqual([true, []]);
});

test("what a namespace lacks is explained before and after it is loaded", async () => {
  const program = `
    const asked = () => { try { return torch.cuda.memoryAllocated; } catch (error) { return error.message; } };
    print([asked(), asked(), torch.cuda.deviceCount(), String(torch.cuda)]);`;
  const text = expect.stringContaining("torch.memoryStats()");
  expect(await printed(program)).toEqual([text, text, 0, "[object Object]"]);
});

test("classes make instances, are extended and are known", async () => {
  const program = `
    const q = torch.quantizePerTensor(torch.ones(2), 0.5, 0, "qint8");
    class Own extends torch.Checkpoint { own = 1; }
    const path = ${JSON.stringify(join(folder, "checkpoints"))};
    const own = new Own(path);
    print([q instanceof torch.QuantizedTensor, {} instanceof torch.QuantizedTensor, torch.QuantizedTensor.name,
      own instanceof torch.Checkpoint, own instanceof Own, own.own, Object.getPrototypeOf(Own) === torch.Checkpoint,
      new torch.Checkpoint(path) instanceof Own]);`;
  expect(await printed(program)).toEqual([true, false, "QuantizedTensor", true, true, 1, true, false]);
});

test("a part that is not there is an error that says why", async () => {
  for (const file of ["node.js", "lazily.js", "core.js"]) copyFileSync(resolve("dist", file), join(folder, file));
  writeFileSync(
    join(folder, "alone.mjs"),
    `import * as torch from "./node.js";
const sum = torch.ones(3).sum().item();
try { torch.nn.Linear; } catch (error) { console.log(JSON.stringify([sum, error.message])); }`,
  );
  const { stdout } = await run(process.execPath, [join(folder, "alone.mjs")]);
  expect(JSON.parse(stdout)).toEqual([3, expect.stringContaining('with the condition "module"')]);
});
