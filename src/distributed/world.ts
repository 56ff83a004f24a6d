/** The groups of this process: that of all ranks, and those that were made from it. */
import { requireBackend } from "../backend/backend";
import { checkIntegers } from "../core/arguments";
import { ArgumentError, describe, ValueError } from "../core/errors";
import { environment, hardwareConcurrency, runtime } from "../platform/platform";
import { isBound } from "../platform/process";
import { allocate } from "../tensor/create";
import { Alone } from "./alone";
import { DistBackendError, type Engine, RankLostError } from "./engine";
import { ProcessGroup } from "./group";
import { MpiEngine } from "./mpi/engine";
import { findLaunch, type Launch } from "./mpi/launcher";
import { startThread } from "./mpi/start";
import { Retired } from "./retired";
import { checkTimeout } from "./work";

/** Seconds, as in PyTorch. */
const DEFAULT_TIMEOUT = 30 * 60;

/** Options of {@link initProcessGroup}. */
export interface InitOptions {
  /** How the ranks find each other: the launcher knows, so this is `"env://"` or left out. */
  initMethod?: string;
  /** Seconds that a collective may take. Default: 1800. */
  timeout?: number;
  /** What the program expects, to be compared with what the launcher says. */
  worldSize?: number;
  rank?: number;
  store?: null;
  groupName?: string;
  pgOptions?: null;
}

/** One for the life of the process: MPI can be initialized once. */
let engine: Engine | undefined;
let world: ProcessGroup | undefined;
let isStarting = false;
const groups = new Set<ProcessGroup>();

export const isInitialized = (): boolean => world !== undefined;

/** The group that an op was given, or that of all ranks. @throws DistBackendError before {@link init} and after {@link destroyProcessGroup}. */
export function groupFor(op: string, group: unknown): ProcessGroup {
  if (world === undefined) throw notInitialized(op);
  if (group == null) return world;
  if (!(group instanceof ProcessGroup))
    throw new ArgumentError(`${op}: group must be a ProcessGroup, as newGroup() gives it, got ${describe(group)}`);
  if (!groups.has(group))
    throw new ValueError(`${op}: the group was destroyed, or shrinkGroup() has made another of it`);
  return group;
}

export const notInitialized = (op: string): Error =>
  new DistBackendError(
    `${op}: Default process group has not been initialized, please make sure to call await initProcessGroup()`,
  );

function checkBackend(op: string, backend: unknown): void {
  if (backend == null || backend === "mpi" || backend === "self") return;
  const hint =
    typeof backend === "string" && ["gloo", "nccl", "ucc"].includes(backend)
      ? "; ranks communicate through MPI here"
      : "";
  throw new ValueError(`${op}: backend must be "mpi" or left out, got ${describe(backend)}${hint}`);
}

function checkExpected(op: string, { worldSize, rank, initMethod, store, pgOptions }: InitOptions, it: Engine): void {
  if (initMethod != null && initMethod !== "env://")
    throw new ValueError(
      `${op}: initMethod must be "env://" or left out, got ${describe(initMethod)}; the launcher connects the ranks`,
    );
  if (store != null || pgOptions != null)
    throw new ArgumentError(`${op}: there is no store and there are no pgOptions; the launcher connects the ranks`);
  const differs = (given: number | undefined, own: number): boolean =>
    given !== undefined && given >= 0 && given !== own;
  if (differs(worldSize, it.worldSize) || differs(rank, it.rank))
    throw new ValueError(
      `${op}: the launcher made this rank ${it.rank} of ${it.worldSize}, but the program expects rank ${rank ?? it.rank} of ${worldSize ?? it.worldSize}; ` +
        "start it with as many ranks as it expects (mpirun -n), or leave rank and worldSize out",
    );
}

/** Ranks on one machine share its cores, unless the launcher has given each its own. */
function divideThreads({ localSize }: Launch): void {
  if (localSize < 2 || environment("KINDLING_THREADS") !== undefined || isBound()) return;
  requireBackend("cpu").threads?.set(Math.max(1, Math.floor(Math.min(hardwareConcurrency(), 256) / localSize)));
}

async function startEngine(op: string, timeout: number): Promise<Engine> {
  const launch = runtime === "browser" ? undefined : findLaunch(op);
  if (launch === undefined) return new Alone();
  const thread = await startThread(op, launch, timeout);
  divideThreads(launch);
  const probe = allocate([1], "uint8");
  const { backend, block } = probe.storage;
  const { buffer } = backend.view(block, "uint8", 0, 1);
  probe.dispose();
  return new MpiEngine(thread, buffer, timeout);
}

/** Connects this process with the others that its launcher started. */
export async function init(backend?: string | null, options: InitOptions = {}): Promise<void> {
  const op = "initProcessGroup";
  checkBackend(op, backend);
  const timeout = checkTimeout(op, options.timeout ?? DEFAULT_TIMEOUT);
  if (world !== undefined || isStarting)
    throw new DistBackendError(`${op}: trying to initialize the default process group twice!`);
  isStarting = true;
  try {
    engine ??= await startEngine(op, timeout);
    checkExpected(op, options, engine);
    const ranks = Array.from({ length: engine.worldSize }, (_, rank) => rank);
    world = new ProcessGroup(engine, 0, ranks, timeout);
    groups.add(world);
  } finally {
    isStarting = false;
  }
}

/** Options of {@link newGroup}. */
export interface GroupOptions {
  /** Seconds that a collective of the group may take. Default: as long as in the group of all ranks. */
  timeout?: number | null;
  backend?: string | null;
  pgOptions?: null;
}

export function newGroup(ranks?: readonly number[] | null, { timeout, backend }: GroupOptions = {}): ProcessGroup {
  const op = "newGroup";
  const all = groupFor(op, null);
  checkBackend(op, backend);
  if (all.rank < 0) throw new ValueError(`${op}: this process was left out of the default group`);
  const members =
    ranks == null ? [...all.ranks] : checkIntegers(op, "ranks", ranks, 0, all.size - 1).sort((a, b) => a - b);
  if (new Set(members).size !== members.length)
    throw new ValueError(`${op}: ranks must not name a rank twice, got [${members.join(", ")}]`);
  const limit = timeout == null ? all.timeout : checkTimeout(op, timeout);
  const group = new ProcessGroup(all.engine, all.engine.newComm(members, all.timeout), members, limit);
  groups.add(group);
  return group;
}

/** Options of {@link shrinkGroup}. */
export interface ShrinkOptions {
  /** Default: all ranks. */
  group?: ProcessGroup | null;
}

export function shrinkGroup(
  ranksToExclude?: readonly number[] | null,
  { group: given }: ShrinkOptions = {},
): ProcessGroup {
  const op = "shrinkGroup";
  const target = groupFor(op, given);
  const { engine, ranks: before } = target;
  const members = `[${before.join(", ")}]`;
  if (target.rank < 0) throw new ValueError(`${op}: this process is not in the group ${members}`);
  const without = checkIntegers(op, "ranksToExclude", ranksToExclude ?? [], 0, engine.worldSize - 1).sort(
    (a, b) => a - b,
  );
  const said = `got [${without.join(", ")}]`;
  if (new Set(without).size !== without.length)
    throw new ValueError(`${op}: ranksToExclude must not name a rank twice, ${said}`);
  if (without.some((rank) => !before.includes(rank)))
    throw new ValueError(`${op}: ranksToExclude must be ranks of the group ${members}, ${said}`);
  if (without.length === before.length)
    throw new ValueError(`${op}: ranksToExclude must leave a rank of the group ${members}, ${said}`);
  const isWorld = target === world;
  const ended = isWorld ? [...groups] : [target];
  for (const one of ended) settle(one);
  const { comm, ranks } = engine.shrink(target.comm, without, target.timeout);
  const group = new ProcessGroup(engine, comm, isWorld ? ranks.map((_, i) => i) : ranks, target.timeout);
  for (const one of ended) {
    groups.delete(one);
    (one as { engine: Engine }).engine = new Retired(one.engine, one.ranks);
  }
  groups.add(group);
  if (isWorld) world = group;
  return group;
}

/** Waits for all that is under way in a group, as far as its ranks are there. */
function settle(group: ProcessGroup): void {
  try {
    group.drain();
  } catch (error) {
    if (!(error instanceof RankLostError)) throw error;
  }
}

export function destroyProcessGroup(group?: ProcessGroup | null): void {
  const target = groupFor("destroyProcessGroup", group);
  if (target !== world) {
    target.engine.freeComm(target.comm);
    groups.delete(target);
    return;
  }
  for (const one of groups) settle(one);
  groups.clear();
  world.engine.close(world.timeout);
  world = undefined;
}

/** @internal For the tests: the ranks of an engine of theirs. */
export function useEngine(other: Engine, timeout: number): ProcessGroup {
  engine = other;
  const ranks = Array.from({ length: other.worldSize }, (_, rank) => rank);
  world = new ProcessGroup(other, 0, ranks, timeout);
  groups.add(world);
  return world;
}
