/** Gives the memory of forgotten storages back: those that nobody disposed, and that nothing refers to any more. */
import type { Backend, Block } from "../backend/backend";
import { collectNow, hurryCollector, pressCollector } from "../platform/collector";
import { nextTurn } from "../platform/platform";

/** A storage by weak reference, and what it owns. */
interface Entry {
  readonly target: WeakRef<object>;
  readonly backend: Backend;
  readonly block: Block;
}

/** Storages that may be added before the list is looked through. Small ones are many before their bytes are. */
const MOST_ADDED = 1 << 17;

let entries: Entry[] = [];
/** Entries that were left when the list was last looked through. */
let survivors = 0;
/** Whether {@link collected} will tell of the next round of the collector. */
let isTold = false;
/** Whether the event loop has turned since memory last ran low: then it will turn again, and finalizers run. */
let hasTurned = true;
/** Whether the next turn is waited for already. One wait is enough: a loop that never lets the event loop turn would queue one after another. */
let isTurnAwaited = false;
/** Calls of {@link relieve} since the list was last looked through. */
let presses = 0;
/** Calls in vain after which the collector is too slow for the program, as on a machine that is busy. */
const MOST_PRESSES = 2;
/** Rounds of the collector are put off while they take more of a plain loop's time than this … */
const MOST_SHARE = 0.05;
/** … and no more bytes than these wait for it, … */
const MOST_WAITING = 384 << 20;
/** … of which a third at first, and a third more after so many rounds: short programs need no new memory, which virtual machines are slow to give. */
const ROUNDS_PER_THIRD = 8;
/** When the last round within a turn was over, and how many milliseconds it took. */
let last = { end: Number.NEGATIVE_INFINITY, took: 0 };
/** Bytes handed out and not given back since then. */
let waiting = 0;
let rounds = 0;

const mostWaiting = (): number => Math.min(1, (1 + Math.floor(rounds / ROUNDS_PER_THIRD)) / 3) * MOST_WAITING;

const collected = new FinalizationRegistry<undefined>(() => {
  isTold = false;
  sweep();
});

/** Watches a storage from now on: once nothing refers to it, its block is given back. */
export function watch(storage: { readonly backend: Backend; readonly block: Block }): void {
  entries.push({ target: new WeakRef(storage), backend: storage.backend, block: storage.block });
  awaitRound();
  if (entries.length - survivors >= MOST_ADDED) thin();
}

/** One object that dies tells of the next round of the collector, and so the storages need not be registered one by one. */
function awaitRound(): void {
  if (isTold) return;
  isTold = true;
  collected.register({}, undefined);
}

/** Keeps the list short. Most of what was added may have been disposed since. */
function thin(): void {
  entries = entries.filter(({ block }) => !block.freed);
  // Until the round, all of them are kept in the engine's heap, too: it is not put off.
  if (entries.length - survivors >= MOST_ADDED / 2) relieve(MOST_WAITING);
  survivors = entries.length;
}

/** Gives back what the collector has found dead. It only finds it if it was not read here in the same turn before. */
function sweep(): void {
  entries = entries.filter(({ target, backend, block }) => {
    if (block.freed) return false;
    if (target.deref() !== undefined) return true;
    backend.release(block, true);
    return false;
  });
  survivors = entries.length;
  presses = 0;
  if (survivors > 0) awaitRound();
}

function awaitTurn(): void {
  if (isTurnAwaited) return;
  isTurnAwaited = true;
  void nextTurn().then(() => {
    isTurnAwaited = false;
    hasTurned = true;
  });
}

/** Has the collector make its round here and now, unless one was so short a time ago that they would take too much of the program's. */
function makeRound(bytes: number): void {
  const begin = performance.now();
  waiting += bytes;
  if (waiting < mostWaiting() && begin - last.end < last.took / MOST_SHARE) return;
  waiting = 0;
  rounds++;
  if (collectNow()) sweep();
  const end = performance.now();
  last = { end, took: end - begin };
}

/**
 * Called by a device that has handed out so many bytes since the last call, infinitely many if it has none left.
 *
 * A program that lets the event loop turn gets its memory back by finalizers. One that does not, such as a plain training loop, has
 * the collector make its round here and now.
 */
export function relieve(bytes: number): void {
  const turns = hasTurned && bytes < Number.POSITIVE_INFINITY;
  hasTurned = false;
  awaitTurn();
  if (turns && presses++ < MOST_PRESSES) pressCollector();
  else if (turns) hurryCollector();
  else makeRound(bytes);
}
