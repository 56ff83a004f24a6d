/**
 * Kernels on their way to a dispatch. Those that follow one another and do not depend on one another share one, if they are small: each gets workgroups
 * of its own. That takes a kernel compiled of their texts, which pays only where they come again and again, so that it begins when they follow one
 * another for the third time.
 */
import type { PooledBuffer } from "./buffers";
import type { Commands } from "./commands";
import type { Limits } from "./limits";
import type { Pipelines } from "./pipelines";
import type { GpuTimer } from "./timer";
import { type Access, Program, patternOf, type Source, strongest, textOf, WORKGROUP } from "./wgsl/program";

/** A kernel, and what it is run on. */
export interface Launch {
  /** The kernel and the op that calls it, for measurements. */
  readonly name: string;
  readonly op: string;
  readonly program: Program;
  /** Tells its text from others. */
  readonly key: string;
  readonly source: () => Source;
  /** Workgroups. */
  readonly count: number;
  /** How often, by the third axis of the grid. */
  readonly batches: number;
  readonly buffers: readonly PooledBuffer[];
}

/** How often two kernels have followed one another before they share a dispatch. */
const FAMILIAR = 2;
/** The most workgroups of a kernel that shares; those of large ones fill the GPU, and run faster alone. */
const MOST_WORKGROUPS = 1024;
const MOST_LAUNCHES = 12;
const MOST_WORDS = 1024;
/** Pairs that are remembered. */
const MOST_PAIRS = 1 << 14;
const MOST_KERNELS = 1 << 20;

/** What is known of a kernel once it was compiled. */
interface Known {
  readonly id: number;
  workgroup: number;
  /** The variables that it has in workgroup memory, and their bytes: infinite if that is not known. */
  shared: ReadonlyMap<string, number>;
}

/** Kernels that are not recorded yet. */
export class Launches {
  isJoining = true;
  private readonly known = new Map<string, Known>();
  private readonly pairs = new Map<number, number>();
  private readonly programs: Program[] = [];
  private waiting: Launch[] = [];
  /** How the buffers of those that wait are used. */
  private readonly uses = new Map<PooledBuffer, Access>();
  private last = 0;
  private words = 0;
  private readonly shared = new Map<string, number>();

  constructor(
    private readonly pipelines: Pipelines,
    private readonly commands: Commands,
    private readonly timer: GpuTimer,
    private readonly limits: Limits,
    /** Bytes of the largest binding. */
    private readonly window: number,
  ) {}

  /** A program that nothing uses. */
  program(): Program {
    return this.programs.pop() ?? new Program(this.window);
  }

  add(launch: Launch): void {
    const known = this.knownOf(launch.key);
    const pair = this.last * MOST_KERNELS + known.id;
    const seen = this.pairs.get(pair) ?? 0;
    if (this.pairs.size > MOST_PAIRS) this.pairs.clear();
    if (seen < FAMILIAR) this.pairs.set(pair, seen + 1);
    this.last = known.id;
    if (seen < FAMILIAR || !this.fits(launch, known)) this.drain();
    this.commands.announce(launch.buffers);
    this.waiting.push(launch);
    if (!this.mayShare(launch)) {
      this.drain();
      return;
    }
    launch.buffers.forEach((buffer, i) => {
      const [access, other] = [launch.program.accesses[i]!, this.uses.get(buffer)];
      this.uses.set(buffer, other === undefined ? access : strongest(access, other));
    });
    this.words += paddedWords(launch);
    for (const [variable, bytes] of known.shared) this.shared.set(variable, bytes);
  }

  /** Whether a kernel may share a dispatch at all. */
  private mayShare({ batches, count, program }: Launch): boolean {
    return this.isJoining && !this.timer.isOn && batches === 1 && count <= MOST_WORKGROUPS && !program.isWindowed;
  }

  private knownOf(key: string): Known {
    let found = this.known.get(key);
    if (found === undefined) {
      found = { id: this.known.size + 1, workgroup: 0, shared: new Map() };
      this.known.set(key, found);
    }
    return found;
  }

  /** Whether a kernel can share the dispatch of those that wait. */
  private fits(launch: Launch, known: Known): boolean {
    const { waiting, uses } = this;
    if (waiting.length === 0 || waiting.length >= MOST_LAUNCHES) return false;
    if (!this.mayShare(launch)) return false;
    if (known.workgroup !== WORKGROUP || this.knownOf(waiting[0]!.key).workgroup !== WORKGROUP) return false;
    if (this.words + paddedWords(launch) + MOST_LAUNCHES > MOST_WORDS) return false;
    const shared = [...new Map([...this.shared, ...known.shared]).values()].reduce((a, b) => a + b, 0);
    if (shared > this.limits.maxComputeWorkgroupStorageSize) return false;
    let bindings = uses.size;
    for (const [i, buffer] of launch.buffers.entries()) {
      const other = uses.get(buffer);
      if (other === undefined) bindings++;
      else if (isWritten(other) || launch.program.isWritten(i)) return false;
    }
    return bindings <= this.limits.maxStorageBuffersPerShaderStage;
  }

  /** Records what waits. */
  drain(): void {
    const { waiting } = this;
    if (waiting.length === 0) return;
    this.waiting = [];
    const uses = [...this.uses];
    this.uses.clear();
    this.words = 0;
    this.shared.clear();
    if (waiting.length === 1) this.runOne(waiting[0]!);
    else this.runJoined(waiting, uses);
    for (const { program } of waiting) this.programs.push(program);
  }

  private runOne({ name, op, program, key, source, count, batches, buffers }: Launch): void {
    const pipeline = this.pipelines.pipeline(key, program.pattern, () => {
      const full = program.source(source());
      const known = this.knownOf(key);
      known.workgroup = full.workgroup;
      known.shared = sharedOf(full.declarations);
      return program.text(full);
    });
    const times = this.timer.next(op, name);
    this.commands.dispatch(pipeline, buffers, program.words, program.count, this.grid(count, batches), 1, times);
  }

  private runJoined(launches: readonly Launch[], uses: readonly (readonly [PooledBuffer, Access])[]): void {
    const buffers = uses.map(([buffer]) => buffer);
    const accesses = uses.map(([, access]) => access);
    const places = launches.map((launch) => launch.buffers.map((buffer) => buffers.indexOf(buffer)));
    const words = new Uint32Array(MOST_WORDS);
    let [used, groups] = [Math.ceil(launches.length / 4) * 4, 0];
    const offsets = launches.map((launch, k) => {
      const offset = used;
      words.set(launch.program.words.subarray(0, launch.program.count), used);
      used += paddedWords(launch);
      groups += launch.count;
      words[k] = groups;
      return offset;
    });
    const ids = launches.map(({ key }, k) => `${this.knownOf(key).id}:${places[k]}`);
    const pipeline = this.pipelines.pipeline(
      `joined ${ids.join(" ")} ${accesses.join("")}`,
      patternOf(accesses),
      () => {
        const parts = launches.map(({ program, source }, k) => {
          for (const [binding, place] of places[k]!.entries()) program.bindAs(binding, accesses[place]!);
          return moved(program.source(source()), k, places[k]!, offsets[k]!);
        });
        return textOf(joined(parts), accesses, used);
      },
    );
    this.commands.dispatch(pipeline, buffers, words, used, this.grid(groups, 1), launches.length);
  }

  private grid(count: number, batches: number): readonly [number, number, number] {
    const rows = Math.ceil(count / this.limits.maxComputeWorkgroupsPerDimension);
    return [Math.ceil(count / rows), rows, batches];
  }
}

const isWritten = (access: Access): boolean => access === "w" || access === "a";

/** Uniforms of a kernel that begin at a multiple of four words. */
const paddedWords = ({ program }: Launch): number => Math.ceil(program.count / 4) * 4;

const WORKGROUP_VARIABLE = /var<workgroup> *(\w+) *: *([^;]+);/g;
const BYTES: Readonly<Record<string, number>> = { f32: 4, i32: 4, u32: 4, vec2f: 8, "vec4<f32>": 16, "vec4<i32>": 16 };

/** The variables in workgroup memory, as they are called where kernels share them, and their bytes. */
function sharedOf(declarations: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, name, type] of declarations.matchAll(WORKGROUP_VARIABLE)) {
    const [, element, length] = /^array<(.+), *(\d+)>$/.exec(type!.trim()) ?? [];
    found.set(sharedName(name!, type!), (BYTES[element ?? ""] ?? Number.POSITIVE_INFINITY) * Number(length ?? 1));
  }
  return found;
}

/** Variables of one name and type are one, since a workgroup runs one kernel only. */
const sharedName = (name: string, type: string): string => `${name}_${type.replace(/\W+/g, "_")}`;

/** A kernel as part `k` of another: with names of its own, the bindings at other places, and its uniforms at an offset. */
function moved(
  { declarations, body }: Required<Source>,
  k: number,
  places: readonly number[],
  offset: number,
): Required<Source> {
  const names = new Map<string, string>();
  for (const [, name] of declarations.matchAll(/(?:\bfn|\bstruct|\bconst|\bvar<private>) +(\w+)/g))
    names.set(name!, `${name}_${k}`);
  for (const [, name, type] of declarations.matchAll(WORKGROUP_VARIABLE)) names.set(name!, sharedName(name!, type!));
  const own = names.size === 0 ? undefined : new RegExp(`\\b(${[...names.keys()].join("|")})\\b`, "g");
  const move = (text: string): string => {
    const placed = text
      .replace(/\bb(\d+)\b/g, (_, binding: string) => `b${places[Number(binding)]}`)
      .replace(/\bu\.w\[(\d+)\]/g, (_, word: string) => `u.w[${Number(word) + offset / 4}]`);
    return own === undefined ? placed : placed.replace(own, (name) => names.get(name)!);
  };
  const all = `${move(declarations)}
fn part_${k}(local: u32, group: vec3<u32>, groups: vec3<u32>) {
${move(body)}
}`;
  return { declarations: all, body: `part_${k}`, workgroup: WORKGROUP };
}

/** One kernel of several, whose first words of uniforms are where the workgroups of each end. */
function joined(parts: readonly Required<Source>[]): Required<Source> {
  const end = (k: number): string => `u.w[${k >> 2}].${"xyzw"[k & 3]}`;
  const calls = parts.map(({ body }, k) => {
    const begin = k === 0 ? "0u" : end(k - 1);
    return `if (launched < ${end(k)}) { ${body}(local, vec3<u32>(launched - ${begin}, 0u, 0u), vec3<u32>(${end(k)} - ${begin}, 1u, 1u)); }`;
  });
  const all = parts.map(({ declarations }) => declarations);
  const shared = new Set(all.flatMap((text) => [...text.matchAll(WORKGROUP_VARIABLE)].map(([variable]) => variable)));
  const rest = all.map((text) => text.replace(WORKGROUP_VARIABLE, ""));
  return {
    declarations: [...shared, ...rest].join("\n"),
    body: `let launched = group.y * groups.x + group.x;\n${calls.join(" else ")}`,
    workgroup: WORKGROUP,
  };
}
