/** Events summed up by name, and the table of them. */
import { checkChoice, checkInteger, checkString } from "../core/arguments";
import { declareMethods } from "../core/signature";
import type { ProfilerEvent } from "./recorder";

/** Events of one name together. Times in microseconds, memory in bytes. */
export interface EventAverage {
  readonly key: string;
  /** Whether these are runs of a kernel of the GPU. */
  readonly isKernel: boolean;
  readonly count: number;
  readonly cpuTimeTotal: number;
  readonly selfCpuTimeTotal: number;
  /** {@link cpuTimeTotal} by {@link count}. */
  readonly cpuTime: number;
  /** Of the GPU, for the op and those inside, or of the kernel itself. */
  readonly deviceTimeTotal: number;
  readonly selfDeviceTimeTotal: number;
  /** {@link deviceTimeTotal} by {@link count}. */
  readonly deviceTime: number;
  readonly cpuMemoryUsage: number;
  readonly selfCpuMemoryUsage: number;
  readonly flops: number;
  readonly inputShapes: readonly (readonly number[])[];
  readonly stack: readonly string[];
}

/** How {@link EventList.table} sorts: the largest first. */
export type SortKey =
  | "cpuTime"
  | "cpuTimeTotal"
  | "selfCpuTimeTotal"
  | "deviceTime"
  | "deviceTimeTotal"
  | "selfDeviceTimeTotal"
  | "cpuMemoryUsage"
  | "selfCpuMemoryUsage"
  | "count"
  | "flops";

const sortKeys: readonly SortKey[] = [
  "cpuTime",
  "cpuTimeTotal",
  "selfCpuTimeTotal",
  "deviceTime",
  "deviceTimeTotal",
  "selfDeviceTimeTotal",
  "cpuMemoryUsage",
  "selfCpuMemoryUsage",
  "count",
  "flops",
];

/** Options of {@link EventList.table}. */
export interface TableOptions {
  /** Default: the order in which the names occurred first. */
  sortBy?: SortKey;
  /** The most rows; -1 for all. Default: 100. */
  rowLimit?: number;
  /** A line above the table. */
  header?: string;
  /** The most characters of a name. Default: 55. */
  maxNameColumnWidth?: number;
}

/** What the table shows beside times. */
interface Columns {
  readonly shapes: boolean;
  readonly memory: boolean;
  readonly flops: boolean;
  readonly stack: boolean;
  /** Whether the GPU was watched; if its times are not known, why. */
  readonly device: boolean | string;
}

function time(us: number): string {
  if (us >= 1e6) return `${(us / 1e6).toFixed(3)}s`;
  return us >= 1e3 ? `${(us / 1e3).toFixed(3)}ms` : `${us.toFixed(3)}us`;
}

function memory(bytes: number): string {
  const size = Math.abs(bytes);
  if (size >= 2 ** 30) return `${(bytes / 2 ** 30).toFixed(2)} Gb`;
  if (size >= 2 ** 20) return `${(bytes / 2 ** 20).toFixed(2)} Mb`;
  return size >= 2 ** 10 ? `${(bytes / 2 ** 10).toFixed(2)} Kb` : `${bytes} b`;
}

const share = (part: number, whole: number): string => `${whole === 0 ? "0.00" : ((100 * part) / whole).toFixed(2)}%`;

function large(flops: number): string {
  const power = flops < 1e3 ? 0 : Math.min(5, Math.floor(Math.log10(flops) / 3));
  return flops === 0 ? "--" : `${(flops / 1000 ** power).toFixed(3)}${["", "K", "M", "G", "T", "P"][power]}`;
}

/** Sums of events, by name. @see torch.autograd.profiler_util.EventList */
export class EventList implements Iterable<EventAverage> {
  /** Microseconds of all rows together, each event counted once. */
  readonly selfCpuTimeTotal: number;
  /** Microseconds of all kernels of the GPU together. */
  readonly selfDeviceTimeTotal: number;

  /** @internal */
  constructor(
    /** In the order in which the names occurred first. */
    readonly rows: readonly EventAverage[],
    private readonly columns: Columns,
  ) {
    this.selfCpuTimeTotal = rows.reduce((sum, row) => sum + row.selfCpuTimeTotal, 0);
    this.selfDeviceTimeTotal = rows.reduce((sum, row) => sum + (row.isKernel ? row.selfDeviceTimeTotal : 0), 0);
  }

  [Symbol.iterator](): Iterator<EventAverage> {
    return this.rows[Symbol.iterator]();
  }

  get length(): number {
    return this.rows.length;
  }

  /**
   * The rows as PyTorch prints them.
   * @throws ArgumentError or ValueError for unknown keys and limits.
   * @see torch.autograd.profiler_util.EventList.table
   * @example console.log(prof.keyAverages().table({ sortBy: "selfCpuTimeTotal", rowLimit: 10 }));
   */
  table(options: TableOptions = {}): string {
    const { sortBy, rowLimit = 100, header, maxNameColumnWidth = 55 } = options;
    if (sortBy !== undefined) checkChoice("table", "sortBy", sortBy, sortKeys);
    checkInteger("table", "rowLimit", rowLimit, -1);
    checkInteger("table", "maxNameColumnWidth", maxNameColumnWidth, 4);
    if (header !== undefined) checkString("table", "header", header);
    if (this.length === 0) return "";
    const rows = sortBy === undefined ? this.rows : [...this.rows].sort((a, b) => b[sortBy] - a[sortBy]);
    const shown = rowLimit < 0 ? rows : rows.slice(0, rowLimit);
    const titles = this.titles();
    const cells = shown.map((row) => this.cells(row, maxNameColumnWidth));
    const widths = titles.map((title, i) => Math.max(12, title.length, ...cells.map((row) => row[i]!.length)));
    const line = (row: readonly string[]): string => row.map((cell, i) => cell.padStart(widths[i]!)).join("  ");
    const rule = widths.map((width) => "-".repeat(width)).join("  ");
    const above = header === undefined ? [] : ["=".repeat(rule.length), header];
    const body = [...above, rule, line(titles), rule, ...cells.map(line), rule];
    return `${body.join("\n")}\nSelf CPU time total: ${time(this.selfCpuTimeTotal)}\n${this.deviceLine()}`;
  }

  toString(): string {
    return this.table();
  }

  private deviceLine(): string {
    const { device } = this.columns;
    if (device === false) return "";
    return typeof device === "string"
      ? `webgpu: ${device}\n`
      : `Self webgpu time total: ${time(this.selfDeviceTimeTotal)}\n`;
  }

  private titles(): string[] {
    const { shapes, memory, flops, stack, device } = this.columns;
    return [
      ...["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"],
      ...(device === true ? ["Self webgpu", "Self webgpu %", "webgpu total", "webgpu time avg"] : []),
      ...(memory ? ["CPU Mem", "Self CPU Mem"] : []),
      "# of Calls",
      ...(shapes ? ["Input Shapes"] : []),
      ...(flops ? ["Total FLOPs"] : []),
      ...(stack ? ["Source Location"] : []),
    ];
  }

  private cells(row: EventAverage, most: number): string[] {
    const columns = this.columns;
    const name = row.key.length > most ? `${row.key.slice(0, most - 3)}...` : row.key;
    return [
      name,
      share(row.selfCpuTimeTotal, this.selfCpuTimeTotal),
      time(row.selfCpuTimeTotal),
      share(row.cpuTimeTotal, this.selfCpuTimeTotal),
      time(row.cpuTimeTotal),
      time(row.cpuTime),
      ...(columns.device === true
        ? [
            time(row.selfDeviceTimeTotal),
            share(row.selfDeviceTimeTotal, this.selfDeviceTimeTotal),
            time(row.deviceTimeTotal),
            time(row.deviceTime),
          ]
        : []),
      ...(columns.memory ? [memory(row.cpuMemoryUsage), memory(row.selfCpuMemoryUsage)] : []),
      `${row.count}`,
      ...(columns.shapes ? [JSON.stringify(row.inputShapes).replaceAll(",", ", ")] : []),
      ...(columns.flops ? [large(row.flops)] : []),
      ...(columns.stack ? [row.stack[0]?.trim() ?? ""] : []),
    ];
  }
}

declareMethods(EventList, { table: "; sortBy, rowLimit, header, maxNameColumnWidth" });

/** Events with the same key, one row each. */
export function averagesOf(
  events: readonly ProfilerEvent[],
  keyOf: (event: ProfilerEvent) => string,
  columns: Columns,
): EventList {
  const groups = new Map<string, ProfilerEvent[]>();
  for (const event of events) {
    const key = keyOf(event);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [event]);
    else group.push(event);
  }
  return new EventList([...groups.values()].map(average), columns);
}

function average(events: readonly ProfilerEvent[]): EventAverage {
  const sum = (of: (event: ProfilerEvent) => number): number => events.reduce((total, event) => total + of(event), 0);
  const [first] = events as [ProfilerEvent];
  const isKernel = first.kind === "kernel";
  const cpuTimeTotal = isKernel ? 0 : sum((event) => event.duration);
  const deviceTimeTotal = sum((event) => event.deviceTime);
  return {
    key: first.name,
    isKernel,
    count: events.length,
    cpuTimeTotal,
    selfCpuTimeTotal: isKernel ? 0 : sum((event) => event.selfTime),
    cpuTime: cpuTimeTotal / events.length,
    deviceTimeTotal,
    selfDeviceTimeTotal: sum((event) => event.selfDeviceTime),
    deviceTime: deviceTimeTotal / events.length,
    cpuMemoryUsage: sum((event) => event.memory),
    selfCpuMemoryUsage: sum((event) => event.selfMemory),
    flops: sum((event) => event.flops),
    inputShapes: first.shapes,
    stack: first.stack,
  };
}
