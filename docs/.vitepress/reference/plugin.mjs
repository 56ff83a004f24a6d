/** A plugin for TypeDoc: pages of the reference have landmarks, headings that skip no level, and no links inside of what folds and unfolds. */

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.renderer.on("endPage", (page) => {
    if (page.contents === undefined) return;
    page.contents = withLevels(withoutNestedLinks(withLandmarks(page.contents)));
  });
}

/** @param {string} html */
function withLandmarks(html) {
  const [begin, end] = ['<div class="col-content">', /<\/div>\s*<div class="col-sidebar">/];
  if (!html.includes(begin) || !end.test(html)) throw new Error("TypeDoc's pages are built otherwise: mend plugin.mjs");
  return html
    .replace(begin, '<main class="col-content">')
    .replace(end, '</main><div class="col-sidebar">')
    .replace(
      '<div class="page-menu">',
      '<div class="page-menu" role="complementary" aria-label="Settings and contents">',
    );
}

/** Headings of sections that fold have a link to themselves. @param {string} html */
const withoutNestedLinks = (html) =>
  html.replace(/<summary\b.*?<\/summary>/gs, (summary) =>
    summary.replace(/<a [^>]*class="tsd-anchor-icon".*?<\/a>/gs, ""),
  );

/** Tells assistive technologies the level that a heading has among those before it, where its element says another. @param {string} html */
function withLevels(html) {
  /** @type {{ element: number, level: number }[]} */
  const open = [];
  return html.replace(/<h([1-6])(?=[\s>])/g, (tag, digit) => {
    const element = Number(digit);
    while (open.length > 0 && open.at(-1).element >= element) open.pop();
    const level = (open.at(-1)?.level ?? 0) + 1;
    open.push({ element, level });
    return level === element ? tag : `${tag} aria-level="${level}"`;
  });
}
