/** Runs in the measured runtime: times one suite and emits a row per workload. */
import * as torch from "kindling";
import { createKindling, makePictures } from "./kindling";
import type { Library, PeerName } from "./library";
import { atLimit, loadLimit, measureLimit } from "./limit";
import { type Contender, type Effort, measure, type Timing } from "./measure";
import { flops, reference, type SuiteName, suites, type Workload } from "./workloads";

export interface Job extends Effort {
  readonly suite: SuiteName;
  /** Only workloads whose name has this in it, and, if given, is one of these. */
  readonly filter: string;
  readonly names?: readonly string[] | undefined;
  readonly peers: readonly PeerName[];
  /** A folder of JPEG files; undefined: they are made. */
  readonly images: string | undefined;
  readonly threads: number;
  /** WebAssembly that finds the machine's limit, as base64 by SIMD level. */
  readonly limits: Readonly<Record<"baseline" | "relaxed", string>>;
  /** Another build of Kindling, to be compared with; its module is relative to the runner. */
  readonly other?: { readonly name: string; readonly module: string };
}

/** What ran: the first message of a job. */
export interface Setting {
  readonly simd: "baseline" | "relaxed";
  readonly threads: number;
  /** GFLOP/s of multiply-adds on vectors of 128 bits, on one thread. */
  readonly limit: number;
  /** The same without fusing them, which is all that a peer on the baseline has. */
  readonly baselineLimit: number;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Row {
  readonly name: string;
  readonly flops: number | undefined;
  /** Pictures that one run reads. */
  readonly images?: number | undefined;
  /**
   * The times by contender; "kindling" is the first, and the ratios of the others say how many times faster it is. "limit" is one thread that does as many
   * operations in registers.
   */
  readonly timings: Readonly<Record<string, Timing>>;
}

export type Message = { readonly setting: Setting } | { readonly row: Row } | { readonly note: string };

type Note = (text: string) => void;

const textOf = (error: unknown) => (error instanceof Error ? error.message : error);

async function loadPeers({ peers, threads, other }: Job, note: Note): Promise<Library[]> {
  const libraries: Library[] = [];
  for (const peer of peers)
    try {
      const { startLibrary } = await import("./peers/process");
      libraries.push(await startLibrary(peer, threads));
    } catch (error) {
      note(`${peer} is left out: ${textOf(error)}`);
    }
  if (other) {
    const { kindling } = await import(/* @vite-ignore */ other.module);
    libraries.push({ ...kindling(threads), name: other.name });
  }
  return libraries;
}

/** Slices to warm up: of a training step the engine compiles a hundred functions, which takes more than a second. */
const WARMING: { readonly [kind in Workload["kind"]]?: number } = { train: 40 };

/** Milliseconds after which the idle threads of every peer sleep; until then they look out for work, on the cores of the next contender. */
const THREADS_SLEEP = 60;

/** Waits until the pool's threads have started, at most five seconds. */
async function startThreads(threads: number): Promise<void> {
  torch.setNumThreads(threads);
  torch.ones(512, 512).matmul(torch.ones(512, 512)).dispose();
  const deadline = performance.now() + 5000;
  while (torch.doctor().threads.running < threads && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** What a workload of our own is called where it is held against another. */
const ownName: Partial<Record<Workload["kind"], string>> = {
  conv: "own forward",
  overlap: "no workers",
  inference: "own float32",
};

/** Workloads that do not compute in the pool's threads. */
const loaders = { loader: true, pictures: true, overlap: true };

/** Kindling, what it is held against of its own, and the peers that can run the workload. */
async function contendersOf(workload: Workload, { threads }: Job, peers: readonly Library[], note: Note) {
  const own = reference(workload);
  const contenders: [string, Contender | undefined][] = [["kindling", createKindling(workload, threads)]];
  if (own) contenders.push([ownName[own.kind] ?? "own NN", createKindling(own, threads)]);
  if (threads > 1 && !(workload.kind in loaders)) contenders.push(["1 thread", createKindling(workload, 1)]);
  for (const peer of peers)
    try {
      contenders.push([peer.name, await peer.create(workload)]);
    } catch (error) {
      note(`${peer.name} cannot run ${workload.name}: ${textOf(error)}`);
    }
  return contenders.filter((entry): entry is [string, Contender] => entry[1] !== undefined);
}

/** A workload that reads files, with their folder. */
async function withFolder(workload: Workload, { images }: Job): Promise<Workload> {
  if (workload.kind !== "pictures" || workload.source !== "jpeg") return workload;
  return { ...workload, folder: images ?? (await makePictures()) };
}

export async function run(job: Job, emit: (message: Message) => void): Promise<void> {
  await startThreads(job.threads);
  const simd = torch.simdLevel();
  const note = (text: string) => emit({ note: text });
  const peers = await loadPeers(job, note);
  const versions = Object.fromEntries(peers.map(({ name, version }) => [name, version]));
  const chains = await loadLimit(job.limits[simd]);
  const limit = await measureLimit(chains);
  const baselineLimit = simd === "baseline" ? limit : await measureLimit(await loadLimit(job.limits.baseline));
  emit({ setting: { simd, threads: torch.doctor().threads.running, limit, baselineLimit, versions } });
  const workloads: readonly Workload[] = suites[job.suite];
  const isChosen = ({ name }: Workload) => name.includes(job.filter) && (job.names?.includes(name) ?? true);
  for (const plain of workloads.filter(isChosen)) {
    const workload = await withFolder(plain, job);
    const contenders = await contendersOf(workload, job, peers, note);
    const work = flops(workload);
    if (work !== undefined) contenders.push(["limit", atLimit(chains, work)]);
    const timings = await measure(
      contenders.map(([, contender]) => contender),
      { ...job, warming: WARMING[workload.kind], pause: job.threads > 1 ? THREADS_SLEEP : 0 },
    );
    const byName = Object.fromEntries(contenders.map(([name], i) => [name, timings[i]!]));
    const images = workload.kind === "pictures" ? workload.images : undefined;
    emit({ row: { name: workload.name, flops: work, images, timings: byName } });
  }
  for (const peer of peers) peer.close?.();
}
