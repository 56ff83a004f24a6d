/** MPI's functions with an implementation's constants put in. Like the thread that uses it, it travels as text. */
import type { Foreign } from "../../platform/foreign";
import type { Abi, AbiName } from "./handles";

/** What the first thread to call MPI found out. */
export interface MpiFacts {
  readonly rank: number;
  readonly size: number;
  /** The file of the library. */
  readonly library: string;
  /** Whether several threads may call MPI, one at a time. */
  readonly isSerialized: boolean;
}

/** What the thread is told when it starts. */
export interface MpiSetup {
  /** The file of the package `koffi`, in Node. */
  readonly koffi: string | undefined;
  /** Libraries to try, in this order. */
  readonly libraries: readonly string[];
  /** Whether ranks are on other machines, as far as the launcher says. */
  readonly isNetworked: boolean;
  /** Whether the launcher lets ranks go on when others die. */
  readonly survives: boolean;
  readonly abis: Readonly<Record<AbiName, Abi>>;
  readonly kinds: readonly string[];
  readonly wireTypes: readonly string[];
  readonly wireOps: readonly string[];
}

/** Of a call that is to be made, everything as MPI wants it: addresses, handles and counts. */
export interface MpiCall {
  readonly kind: string;
  readonly comm: number;
  readonly rank: number;
  readonly size: number;
  readonly type: number;
  readonly op: number;
  readonly peer: number;
  readonly tag: number;
  readonly input: number;
  readonly inputCount: number;
  readonly output: number;
  readonly outputCount: number;
  /** Addresses of the counts and displacements of an all-to-all: of what is sent, then of what is received. */
  readonly counts: readonly number[];
  /** Where MPI puts its request. */
  readonly request: number;
}

/** What MPI has for the ranks that are left when others die: user-level failure mitigation (ULFM). */
export interface Faults {
  /** The ranks of a communicator that are known to be dead. */
  failed(comm: number): number[];
  /** The ranks in a communicator of those of another. */
  members(of: number, comm: number): number[];
  /** Ends what is under way in a communicator, on all ranks. */
  revoke(comm: number): void;
  /** Starts an agreement of the ranks that are left on a word: the bits that it has everywhere. */
  agree(comm: number, word: number, request: number): void;
  /** Makes a communicator of the ranks that are left, all of which call it. */
  shrink(comm: number): number;
}

/** MPI, ready to be called. Everything throws an error with MPI's text if MPI fails. */
export interface Mpi extends MpiFacts {
  /** MPI_COMM_WORLD. */
  readonly world: number;
  /** Handles by the positions in `wireTypes` and `wireOps`. */
  readonly types: readonly number[];
  readonly ops: readonly number[];
  readonly byte: number;
  readonly anySource: number;
  duplicate(comm: number): number;
  /** Of the world; 0 for those that are not in the new one. */
  split(comm: number, isMember: boolean, key: number): number;
  start(call: MpiCall): void;
  allReduceInPlace(address: number, count: number, type: number, op: number, comm: number, request: number): void;
  allGather(input: number, output: number, bytes: number, comm: number, request: number): void;
  send(address: number, count: number, type: number, to: number, tag: number, comm: number, request: number): void;
  receive(address: number, count: number, type: number, from: number, tag: number, comm: number, request: number): void;
  barrier(comm: number, request: number): void;
  /** Reduces one array into another, both of this process. */
  reduceLocal(from: number, into: number, count: number, type: number, op: number): void;
  test(request: number): boolean;
  probe(comm: number): boolean;
  abort(code: number): void;
  finalize(): void;
  /** Undefined where the death of a rank ends all. */
  readonly faults: Faults | undefined;
}

/** Loads MPI, and initializes it unless another thread did: then its facts are given. */
export function mpiCalls(setup: MpiSetup, foreign: Foreign, facts?: MpiFacts): Mpi {
  const words = new Int32Array(new SharedArrayBuffer(8192));
  const place = foreign.address(new Uint8Array(words.buffer));
  const [low, text] = [place, place + 512];

  // Libraries below MPI rewrite the system's functions for memory while other threads of the runtime call them, which then crash now and then; and they
  // take the signals by which engines notice that Wasm left its memory.
  foreign.setVariable("UCX_MEM_EVENTS", "n");
  foreign.setVariable("UCX_HANDLE_ERRORS", "none");
  foreign.setVariable("UCX_ERROR_SIGNALS", "");
  foreign.setVariable("OMPI_MCA_memory", "^patcher");
  // Over TCP, messages that wait for word from their receiver move in one direction at a time. Pieces of rings need not wait: they are received as soon as they
  // are sent. Through the memory of one machine, or into that of another, data move faster if they wait.
  if (setup.isNetworked && !foreign.exists("/sys/class/infiniband")) foreign.setVariable("UCX_RNDV_THRESH", "512k");

  const failures: string[] = [];
  const library = setup.libraries.find((name) => {
    try {
      foreign.load(name);
      return true;
    } catch (error) {
      failures.push((error as Error).message);
      return false;
    }
  });
  if (library === undefined) throw new Error(`no library: ${failures.join("; ")}`);
  const isStandard = library.includes("mpi_abi");
  const abi = setup.abis[isStandard ? "standard" : foreign.symbol("ompi_mpi_comm_world") === 0 ? "mpich" : "openMpi"];
  const value = (x: number | string): number => (typeof x === "number" ? x : foreign.symbol(x));

  const signatures = {
    MPI_Initialized: "ip",
    MPI_Init_thread: "ippip",
    MPI_Comm_rank: "ihp",
    MPI_Comm_size: "ihp",
    MPI_Comm_set_errhandler: "ihh",
    MPI_Comm_dup: "ihp",
    MPI_Comm_split: "ihiip",
    MPI_Ibarrier: "ihp",
    MPI_Iallreduce: "ippihhhp",
    MPI_Ibcast: "ipihihp",
    MPI_Ireduce: "ippihhihp",
    MPI_Iallgather: "ipihpihhp",
    MPI_Igather: "ipihpihihp",
    MPI_Iscatter: "ipihpihihp",
    MPI_Ireduce_scatter_block: "ippihhhp",
    MPI_Ialltoallv: "ippphppphhp",
    MPI_Isend: "ipihiihp",
    MPI_Irecv: "ipihiihp",
    MPI_Reduce_local: "ippihh",
    MPI_Test: "ippp",
    MPI_Iprobe: "iiihpp",
    MPI_Error_string: "iipp",
    MPI_Abort: "ihi",
    MPI_Finalize: "i",
  };
  const resolve = <K extends string>(list: Record<K, string>): Record<K, string> =>
    Object.fromEntries(
      (Object.entries(list) as [K, string][]).map(([name, letters]) => [name, letters.replace(/h/g, abi.handle)]),
    ) as never;
  const mpi = foreign.functions(library, resolve(signatures));

  const faultSignatures = {
    MPIX_Comm_get_failed: "ihp",
    MPIX_Comm_revoke: "ih",
    MPIX_Comm_iagree: "ihpp",
    MPIX_Comm_shrink: "ihp",
    MPI_Comm_group: "ihp",
    MPI_Group_size: "ihp",
    MPI_Group_translate_ranks: "ihiphp",
    MPI_Group_free: "ip",
  };
  const hasFaults = setup.survives && Object.keys(faultSignatures).every((name) => foreign.symbol(name) !== 0);
  const ft = hasFaults ? foreign.functions(library, resolve(faultSignatures)) : undefined;

  const check = (code: number): void => {
    if (code === 0) return;
    words.fill(0, 128, 640);
    mpi.MPI_Error_string(code, text, low);
    const bytes = new Uint8Array(words.buffer, 512, 2048);
    throw new Error(String.fromCharCode(...bytes.slice(0, Math.max(0, bytes.indexOf(0)))) || `MPI's error ${code}`);
  };
  /** The handle that MPI wrote. */
  const handle = (): number => (abi.handle === "i" ? words[0]! : (words[0]! >>> 0) + words[1]! * 2 ** 32);

  const world = value(abi.world);
  const errorsReturn = value(abi.errorsReturn);
  const returnErrors = (comm: number): number => {
    check(mpi.MPI_Comm_set_errhandler(comm, errorsReturn));
    return comm;
  };
  const initialize = (): MpiFacts => {
    check(mpi.MPI_Initialized(low));
    if (words[0] !== 0) throw new Error("something else in this process has initialized MPI");
    check(mpi.MPI_Init_thread(0, 0, abi.serialized, low));
    const isSerialized = words[0]! >= abi.serialized;
    returnErrors(world);
    check(mpi.MPI_Comm_rank(world, low));
    const rank = words[0]!;
    check(mpi.MPI_Comm_size(world, low));
    return { rank, size: words[0]!, library, isSerialized };
  };
  const known = facts ?? initialize();
  const duplicate = (comm: number): number => {
    check(mpi.MPI_Comm_dup(comm, low));
    return returnErrors(handle());
  };
  const free = <T>(result: T, ...groups: number[]): T => {
    for (const group of groups) {
      [words[0], words[1]] = [group | 0, Math.floor(group / 2 ** 32)];
      check(ft!.MPI_Group_free(low));
    }
    return result;
  };
  /** Ranks of a communicator that are in a group, which is freed. */
  const ranksIn = (group: number, comm: number): number[] => {
    check(ft!.MPI_Group_size(group, low));
    const n = words[0]!;
    if (n === 0) return free([], group);
    check(ft!.MPI_Comm_group(comm, low));
    const whole = handle();
    const lists = new Int32Array(new SharedArrayBuffer(8 * n));
    for (let i = 0; i < n; i++) lists[i] = i;
    const at = foreign.address(new Uint8Array(lists.buffer));
    check(ft!.MPI_Group_translate_ranks(group, n, at, whole, at + 4 * n));
    const ranks = [...lists.slice(n)].filter((rank) => rank >= 0).sort((a, b) => a - b);
    return free(ranks, group, whole);
  };
  const faults: Faults | undefined = ft && {
    failed: (comm) => {
      check(ft.MPIX_Comm_get_failed(comm, low));
      return ranksIn(handle(), comm);
    },
    members: (of, comm) => {
      check(ft.MPI_Comm_group(of, low));
      return ranksIn(handle(), comm);
    },
    revoke: (comm) => check(ft.MPIX_Comm_revoke(comm)),
    agree: (comm, word, request) => check(ft.MPIX_Comm_iagree(comm, word, request)),
    shrink: (comm) => {
      check(ft.MPIX_Comm_shrink(comm, low));
      return returnErrors(handle());
    },
  };
  const { inPlace, statusIgnore } = abi;
  const byte = value(abi.types.uint8);

  /** The function for each kind of call. */
  const calls: Record<string, (c: MpiCall) => number> = {
    allReduce: (c) => mpi.MPI_Iallreduce(inPlace, c.output, c.outputCount, c.type, c.op, c.comm, c.request),
    broadcast: (c) => mpi.MPI_Ibcast(c.output, c.outputCount, c.type, c.peer, c.comm, c.request),
    reduce: (c) => {
      const [from, to] = c.rank === c.peer ? [inPlace, c.output] : [c.output, 0];
      return mpi.MPI_Ireduce(from, to, c.outputCount, c.type, c.op, c.peer, c.comm, c.request);
    },
    allGather: (c) => {
      const n = c.inputCount;
      return mpi.MPI_Iallgather(c.input, n, c.type, c.output, n, c.type, c.comm, c.request);
    },
    gather: (c) => {
      const n = c.inputCount;
      return mpi.MPI_Igather(c.input, n, c.type, c.output, n, c.type, c.peer, c.comm, c.request);
    },
    scatter: (c) => {
      const n = c.outputCount;
      return mpi.MPI_Iscatter(c.input, n, c.type, c.output, n, c.type, c.peer, c.comm, c.request);
    },
    reduceScatter: (c) =>
      mpi.MPI_Ireduce_scatter_block(c.input, c.output, c.outputCount, c.type, c.op, c.comm, c.request),
    allToAll: (c) => {
      const [sent, sentAt, received, receivedAt] = c.counts as [number, number, number, number];
      return mpi.MPI_Ialltoallv(
        c.input,
        sent,
        sentAt,
        c.type,
        c.output,
        received,
        receivedAt,
        c.type,
        c.comm,
        c.request,
      );
    },
  };

  return {
    ...known,
    world,
    types: setup.wireTypes.map((name) => value(abi.types[name as never])),
    ops: setup.wireOps.map((name) => value(abi.ops[name as never])),
    byte,
    anySource: abi.anySource,
    duplicate,
    split: (comm, isMember, key) => {
      check(mpi.MPI_Comm_split(comm, isMember ? 0 : abi.undefinedColor, key, low));
      return isMember ? returnErrors(handle()) : 0;
    },
    start: (call) => check(calls[call.kind]!(call)),
    allReduceInPlace: (address, count, type, op, comm, request) =>
      check(mpi.MPI_Iallreduce(inPlace, address, count, type, op, comm, request)),
    allGather: (input, output, bytes, comm, request) =>
      check(mpi.MPI_Iallgather(input, bytes, byte, output, bytes, byte, comm, request)),
    send: (address, count, type, to, tag, comm, request) =>
      check(mpi.MPI_Isend(address, count, type, to, tag, comm, request)),
    receive: (address, count, type, from, tag, comm, request) =>
      check(mpi.MPI_Irecv(address, count, type, from, tag, comm, request)),
    barrier: (comm, request) => check(mpi.MPI_Ibarrier(comm, request)),
    reduceLocal: (from, into, count, type, op) => check(mpi.MPI_Reduce_local(from, into, count, type, op)),
    test: (request) => {
      check(mpi.MPI_Test(request, low, statusIgnore));
      return words[0] !== 0;
    },
    probe: (comm) => {
      check(mpi.MPI_Iprobe(abi.anySource, 0, comm, low, statusIgnore));
      return words[0] !== 0;
    },
    abort: (code) => {
      mpi.MPI_Abort(world, code);
    },
    finalize: () => check(mpi.MPI_Finalize()),
    faults,
  };
}
