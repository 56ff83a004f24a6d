/** The events of a folder of runs, kept as far as a page shows them. */
import { filesBelow, readFrom } from "../platform/server";
import { type Item, itemsOf } from "../tensorboard/items";
import { EventReader } from "../tensorboard/reader";

/** Bytes of a file that are read at once. */
const PIECE = 8 << 20;
/** Things of one tag that are kept: of more, the first ones go. */
const most: Readonly<Record<string, number>> = { scalar: 100_000, histogram: 500, image: 50, text: 50 };
/** Things of one answer. */
const MOST_ANSWER = 20_000;

/** An item with its run, and a number by which a page knows what is new. */
export type Stored = Item & { readonly run: string; readonly id: number };

interface Watched {
  readonly reader: EventReader;
  readonly run: string;
  offset: number;
}

export class RunStore {
  private readonly watched = new Map<string, Watched>();
  private items: Stored[] = [];
  private readonly counts = new Map<string, number>();
  private next = 1;
  private updating: Promise<void> | undefined;
  /** Files that cannot be read further, and why. */
  readonly problems = new Map<string, string>();

  constructor(private readonly folder: string) {}

  /** Reads what has been added to the folder. */
  update(): Promise<void> {
    this.updating ??= this.scan().finally(() => {
      this.updating = undefined;
    });
    return this.updating;
  }

  private async scan(): Promise<void> {
    for (const path of await filesBelow("board", this.folder, (name) => name.includes("tfevents"))) {
      if (!this.watched.has(path)) {
        const run = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
        this.watched.set(path, { reader: new EventReader(path), run, offset: 0 });
      }
      try {
        await this.readOn(path, this.watched.get(path)!);
      } catch (error) {
        this.problems.set(path, (error as Error).message);
      }
    }
  }

  private async readOn(path: string, watched: Watched): Promise<void> {
    if (this.problems.has(path)) return;
    for (;;) {
      const bytes = await readFrom("board", `${this.folder}/${path}`, watched.offset, PIECE);
      if (bytes.length === 0) return;
      watched.offset += bytes.length;
      watched.reader.push(bytes, (event) => {
        for (const item of itemsOf(event)) this.add(item, watched.run);
      });
    }
  }

  private add(item: Item, run: string): void {
    if (item.kind === "purge")
      this.items = this.items.filter((old) => old.run !== run || old.kind === "purge" || old.step < item.step);
    this.items.push({ ...item, run, id: this.next++ });
    if (item.kind === "purge") return;
    const key = `${run}\n${item.kind}\n${item.tag}`;
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.set(key, count);
    // Now and then, so that it costs little.
    if (count > 2 * most[item.kind]!) this.thin(key, item, run);
  }

  private thin(key: string, { kind, tag }: Exclude<Item, { kind: "purge" }>, run: string): void {
    const isOne = (old: Stored): boolean => old.kind === kind && old.run === run && old.tag === tag;
    let excess = this.items.filter(isOne).length - most[kind]!;
    this.items = this.items.filter((old) => !(isOne(old) && excess-- > 0));
    this.counts.set(key, most[kind]!);
  }

  /** What came after the one of number `id`; of pictures, without their bytes. */
  after(id: number): { items: object[]; last: number; problems: string[] } {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.items[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    const items = this.items.slice(low, low + MOST_ANSWER);
    const shown = items.map((item) => (item.kind === "image" ? { ...item, bytes: undefined } : plain(item)));
    return { items: shown, last: items.at(-1)?.id ?? id, problems: [...this.problems.values()] };
  }

  /** The bytes of a picture. */
  image(id: number): Uint8Array | undefined {
    const item = this.items.find((known) => known.id === id);
    return item?.kind === "image" ? item.bytes : undefined;
  }
}

/** JSON has no numbers that are not finite; they travel as texts. */
function plain(item: Stored): object {
  if (item.kind === "scalar" && !Number.isFinite(item.value)) return { ...item, value: String(item.value) };
  return item;
}
