/** The folder of what was downloaded. */
import { checkString } from "../core/arguments";
import { ArgumentError } from "../core/errors";
import { named } from "../core/signature";
import { expandHome, joinPath } from "../platform/dataFiles";
import { environment, runtime } from "../platform/platform";

let chosen: string | undefined;

/**
 * The folder in which downloads are kept: what {@link setDir} was given, else `$KINDLING_HOME/hub`, else `$XDG_CACHE_HOME/kindling/hub`, which is
 * `~/.cache/kindling/hub` by default. In browsers it is a path of the page, under which the Cache API keeps them.
 * @see torch.hub.get_dir
 */
export const getDir = named("getDir", "", (): string => {
  if (chosen !== undefined) return chosen;
  if (runtime === "browser") return "kindling/hub";
  const home = environment("KINDLING_HOME") || joinPath(environment("XDG_CACHE_HOME") || "~/.cache", "kindling");
  return joinPath(expandHome(home), "hub");
});

/** Chooses the folder in which downloads are kept. @see torch.hub.set_dir */
export const setDir = named("setDir", "d", (d: string): void => {
  if (checkString("setDir", "d", d) === "")
    throw new ArgumentError("setDir: d must be the path of a folder, got an empty text");
  chosen = expandHome(d);
});
