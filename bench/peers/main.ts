/** The process of a peer from npm: `peer.js NAME THREADS`. Reads requests and writes answers as lines of JSON. */
import { createInterface } from "node:readline";
import type { Library } from "../library";
import type { Contender } from "../measure";
import { loadJax } from "./jax";
import { loadOrt } from "./ort";
import type { Answer, Request } from "./process";
import { loadTfjs } from "./tfjs";

const loaders: Readonly<Record<string, (threads: number) => Promise<Library>>> = {
  tfjs: loadTfjs,
  ort: loadOrt,
  "jax-js": loadJax,
};

const [name, threads] = process.argv.slice(2);
const library = await loaders[name!]!(Number(threads));
const contenders: Contender[] = [];

async function answer(request: Request): Promise<Answer> {
  if ("id" in request) return { ms: await contenders[request.id]!.time(request.iterations) };
  const contender = await library.create(request.workload);
  return { id: contender ? contenders.push(contender) - 1 : null };
}

const say = (message: Answer): void => console.log(JSON.stringify(message));

say({ version: library.version });
for await (const line of createInterface({ input: process.stdin })) say(await answer(JSON.parse(line)));
