/** What is in an event file. */

import { printable, table } from "../inspect/table";
import { readFrom } from "../platform/server";
import { itemsOf } from "../tensorboard/items";
import type { Event } from "../tensorboard/proto/tensorboard_pb";
import { EventReader } from "../tensorboard/reader";

const PIECE = 8 << 20;

interface Series {
  readonly kind: string;
  readonly tag: string;
  count: number;
  first: number;
  last: number;
  value: string;
}

class Tally {
  readonly series = new Map<string, Series>();
  events = 0;

  take(event: Event): void {
    this.events++;
    const items = itemsOf(event);
    for (const item of items) {
      const value =
        item.kind === "scalar" ? item.value.toPrecision(6) : item.kind === "text" ? item.text.slice(0, 40) : "";
      this.add(item.kind === "purge" ? "restart" : item.kind, "tag" in item ? item.tag : "", item.step, value);
    }
    if (items.length > 0) return;
    const { what } = event;
    const step = Number(event.step);
    if (what.case !== "summary")
      this.add(what.case ?? "nothing", "", step, what.case === "fileVersion" ? what.value : "");
    else
      for (const { tag, value, metadata } of what.value.value)
        this.add(metadata?.pluginData?.pluginName || value.case || "summary", tag, step, "");
  }

  private add(kind: string, tag: string, step: number, value: string): void {
    const key = `${kind}\n${tag}`;
    const known = this.series.get(key);
    if (known === undefined) this.series.set(key, { kind, tag, count: 1, first: step, last: step, value });
    else Object.assign(known, { count: known.count + 1, last: step, value });
  }
}

/** What is in an event file, by tag. @throws FormatError naming it. */
export async function inspectEvents(path: string): Promise<string> {
  const reader = new EventReader(path);
  const tally = new Tally();
  for (let offset = 0; ; ) {
    const bytes = await readFrom("inspect", path, offset, PIECE);
    if (bytes.length === 0) break;
    offset += bytes.length;
    reader.push(bytes, (event) => tally.take(event));
  }
  const rows = [...tally.series.values()].map(({ kind, tag, count, first, last, value }) => [
    printable(kind),
    printable(tag),
    String(count),
    String(first),
    String(last),
    printable(value),
  ]);
  const tail =
    reader.pending === 0 ? "" : `\n${reader.pending} bytes at the end are no whole record: the writer has not finished`;
  return `${tally.events} events\n${table([["kind", "tag", "count", "first step", "last step", "last value"], ...rows])}${tail}`;
}
